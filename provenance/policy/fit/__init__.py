"""Choose the largest subset of the members that passes a policy."""

from provenance.policy.fit.explain import LeftOut
from provenance.policy.fit.solve import Fit, fit

__all__ = ["Fit", "LeftOut", "fit"]
