"""Readers of Parquet, Arrow, ORC, Avro and Lance."""
