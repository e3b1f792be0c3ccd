"""What everyone makes of a photo, and in what quality: the defaults of serverless.yml."""

from processing.settings import Limits, RenderSettings, parse_renditions

RENDITIONS = parse_renditions("large:1200:80,medium:600:80,small:300:80")
SETTINGS = RenderSettings(RENDITIONS, Limits(max_bytes=400_000_000, max_pixels=200_000_000, max_pages=1000))
