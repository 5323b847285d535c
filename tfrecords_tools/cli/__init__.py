"""`mmannot-records`."""
