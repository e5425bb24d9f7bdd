"""Choose the largest subset of the members that passes a policy."""

from provenance.policy.fit.explain import Excluded
from provenance.policy.fit.solve import Fit, fit

__all__ = ["Excluded", "Fit", "fit"]
