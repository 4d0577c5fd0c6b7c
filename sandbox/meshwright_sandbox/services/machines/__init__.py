"""Machines of Compute Engine: images, templates, managed groups of instances, autoscalers."""
