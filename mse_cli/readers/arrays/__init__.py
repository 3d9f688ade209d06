"""Files of arrays and columns: NPY, NPZ, Parquet, Arrow; and arrays in memory."""
