"""Set up the server that worker processes are forked from; it is imported first there."""

from provenance.engine.bootstrap import bootstrap

bootstrap()
