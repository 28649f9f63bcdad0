"""The cloud role: several real processes on one MariaDB and one Redis."""
