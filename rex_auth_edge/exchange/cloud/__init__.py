"""The cloud's end of the line: owners let hubs in and out, and each request is checked, answered and adopted."""
