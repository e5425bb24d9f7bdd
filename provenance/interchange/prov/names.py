"""Names of our things as qualified names of PROV, and the way back."""

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

    Ids hold anything, and a local name does not: all but letters, digits and ``_.-~:`` is
    percent-encoded, which every serialisation keeps as it stands.

    >>> str(Names().node("source:news web"))
    'node:source:news%20web'
    """

    def __init__(self) -> None:
        # Made anew for each document, because a namespace keeps every name it ever made.
        self.terms = Namespace("our", TERMS)
        self._nodes = Namespace("node", _NODE)
        self._activities = Namespace("act", _ACTIVITY)
        self._agents = Namespace("who", _AGENT)
        self._bundles = Namespace("bun", _BUNDLE)

    @property
    def namespaces(self) -> tuple[Namespace, ...]:
        """What a document that uses these names has to declare."""
        return (self.terms, self._nodes, self._activities, self._agents, self._bundles)

    def node(self, node_id: str) -> QualifiedName:
        """The name of a node, whatever its kind."""
        return self._nodes[_encode(node_id)]

    def activity(self, activity: str) -> QualifiedName:
        """The name of an activity."""
        return self._activities[_encode(activity)]

    def agent(self, agent: str) -> QualifiedName:
        """The name of somebody who is not a model."""
        return self._agents[_encode(agent)]

    def bundle(self, activity: str) -> QualifiedName:
        """The name of the bundle that holds what one activity did."""
        return self._bundles[_encode(activity)]


def _encode(text: str) -> str:
    return quote(text, safe=":")


def node_id(name: QualifiedName) -> str:
    """The node id behind a name: ours decoded, anybody else's as its whole IRI."""
    return _decode(name, _NODE)


def activity_id(name: QualifiedName) -> str:
    """The activity id behind a name, in the same way."""
    return _decode(name, _ACTIVITY)


def agent_id(name: QualifiedName) -> str:
    """The agent behind a name; models are agents too and keep their node id."""
    return _decode(name, _AGENT if name.uri.startswith(_AGENT) else _NODE)


def bundle_activity(name: QualifiedName | None) -> str | None:
    """The activity that a bundle of ours is about; ``None`` for other bundles."""
    if name is None or not name.uri.startswith(_BUNDLE):
        return None
    return _decode(name, _BUNDLE)


def is_ours(name: QualifiedName) -> bool:
    """Whether this is an activity that we wrote, its edges written out one by one."""
    return name.uri.startswith(_ACTIVITY)


def _decode(name: QualifiedName, base: str) -> str:
    uri = name.uri
    return unquote(uri[len(base) :]) if uri.startswith(base) else uri
