"""The whole way on one machine: private servers, simulated nights, the real workflow."""
