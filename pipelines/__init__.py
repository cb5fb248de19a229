"""When it moves: jobs and sensors, and what is put together for Dagster to load."""
