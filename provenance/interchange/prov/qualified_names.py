"""Turn ids of this tool into qualified names of PROV, and back."""

from __future__ import annotations

from urllib.parse import quote, unquote

from prov.identifier import Namespace, QualifiedName

_BASE = "urn:prov-ledger:"
_NODE, _ACTIVITY, _AGENT, _BUNDLE = (
    f"{_BASE}{kind}:" for kind in ("node", "activity", "agent", "bundle")
)
TERMS = f"{_BASE}terms:"


class Names:
    """The namespaces of one document.

    An id may hold any character, a local name may not: all but letters, digits and ``_.-~:`` is
    percent-encoded, which every serialisation keeps unchanged.

    >>> str(Names().node("source:news web"))
    'node:source:news%20web'
    """

    def __init__(self) -> None:
        # New for each document: a namespace keeps every name that it ever made in memory.
        self.terms = Namespace("our", TERMS)
        self._nodes = Namespace("node", _NODE)
        self._activities = Namespace("act", _ACTIVITY)
        self._agents = Namespace("who", _AGENT)
        self._bundles = Namespace("bun", _BUNDLE)

    @property
    def namespaces(self) -> tuple[Namespace, ...]:
        """The namespaces that a document has to declare for these names."""
        return (self.terms, self._nodes, self._activities, self._agents, self._bundles)

    def node(self, node_id: str) -> QualifiedName:
        """Name a node of any kind."""
        return self._nodes[_encode(node_id)]

    def activity(self, activity: str) -> QualifiedName:
        """Name an activity."""
        return self._activities[_encode(activity)]

    def agent(self, agent: str) -> QualifiedName:
        """Name an agent that is not a model."""
        return self._agents[_encode(agent)]

    def bundle(self, activity: str) -> QualifiedName:
        """Name the bundle that holds the statements about one activity."""
        return self._bundles[_encode(activity)]


def _encode(text: str) -> str:
    return quote(text, safe=":")


def node_id(name: QualifiedName) -> str:
    """Read the node id of a name: decoded where this tool made it, else its whole IRI."""
    return _decode(name, _NODE)


def activity_id(name: QualifiedName) -> str:
    """Read the activity id of a name: decoded where this tool made it, else its whole IRI."""
    return _decode(name, _ACTIVITY)


def agent_id(name: QualifiedName) -> str:
    """Read the agent of a name; models are agents too and keep their node id."""
    return _decode(name, _AGENT if name.uri.startswith(_AGENT) else _NODE)


def bundle_activity(name: QualifiedName | None) -> str | None:
    """Read the activity that a bundle is about; ``None`` for bundles of other tools."""
    if name is None or not name.uri.startswith(_BUNDLE):
        return None
    return _decode(name, _BUNDLE)


def is_ours(name: QualifiedName) -> bool:
    """Whether this tool wrote the activity, with a statement for each of its edges."""
    return name.uri.startswith(_ACTIVITY)


def _decode(name: QualifiedName, base: str) -> str:
    uri = name.uri
    return unquote(uri[len(base) :]) if uri.startswith(base) else uri
