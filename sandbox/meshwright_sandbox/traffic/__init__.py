"""The local mesh carries traffic: pods as processes with addresses of their own, behind Envoys."""
