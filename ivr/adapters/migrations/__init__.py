"""The schema's history, one revision a file; run by ivr.adapters.sql_migrations.migrate."""
