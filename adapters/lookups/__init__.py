"""Systems outside that flows ask: the services of the site file, over HTTP."""
