"""The largest set that passes a policy."""

from provenance.fit.explain import LeftOut
from provenance.fit.largest import Fit, fit

__all__ = ["Fit", "LeftOut", "fit"]
