"""Against software that others wrote: reverse proxies, an MQTT broker, and libraries for tokens."""
