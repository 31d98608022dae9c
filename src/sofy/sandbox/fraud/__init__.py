"""Traffic made up to try the fraud detector on: honest clients, and pumping in many shapes, each line labelled."""
