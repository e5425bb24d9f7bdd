"""Imported first by the server that worker processes are forked from: sets them up."""

from provenance.engine.bootstrap import bootstrap

bootstrap()
