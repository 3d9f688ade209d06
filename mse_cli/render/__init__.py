"""Results → text, one small file per format. The only place that imports Rich, and only where a table is drawn."""
