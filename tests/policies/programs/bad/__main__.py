"""A platform with everything wrong that the pack knows of: each comment names the rule it breaks.

Only raw resources of Google Cloud and Kubernetes; the stack is called prod, since some rules are
about production only.
"""

import clusters
import identities
import mesh
import traffic
import workloads

clusters.declare()
identities.declare()
workloads.declare()
mesh.declare()
traffic.declare()
