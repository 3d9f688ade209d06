"""Files in object stores and on servers, through fsspec."""
