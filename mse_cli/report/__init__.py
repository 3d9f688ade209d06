"""What people look at: bins for pictures, each column's share; plain data, no screen."""
