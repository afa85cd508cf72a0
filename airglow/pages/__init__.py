"""A static site of all nights in the bucket, made from results: for a browser and any web server.

Import from the modules.
"""
