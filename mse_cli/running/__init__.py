"""Where blocks run: here, in threads, processes, on a Dask cluster; the second pass; merging parts."""
