"""HTTP and WebSockets for strangers: a server with bounds on connections, time and bytes."""
