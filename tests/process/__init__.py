"""The program as a process: `manage.py up` with a data folder and a port of its own."""
