"""What an environment is: the validated model of its spec, and how its platform is composed."""
