"""What CloudWatch shows of a stack: alarms and their topic, the dashboard, saved queries, and warnings about quotas."""
