"""Walk values: values in, scans out."""
