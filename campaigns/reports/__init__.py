"""What campaigns adds to the reports of analytics."""
