"""The Stitch dock: scans in several sections joined into one."""
