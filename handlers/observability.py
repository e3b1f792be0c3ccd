"""The home of logger and metrics: one JSON line per record, one EMF document per batch."""

from aws_lambda_powertools import Logger, Metrics

# Service and namespace come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_METRICS_NAMESPACE.
logger = Logger(utc=True)
metrics = Metrics()
