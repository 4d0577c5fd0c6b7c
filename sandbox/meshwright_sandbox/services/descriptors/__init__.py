"""What Cloud Monitoring says of the types of metrics and of monitored resources."""
