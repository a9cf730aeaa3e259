"""Schema changes by Alembic, a folder a part: files `vNNNN_name.py`, revision `NNNN`."""
