# Guide, "Update an existing AKS cluster to network isolated type". Today: first the source, then the nodes, then egress.
az aks update --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --bootstrap-artifact-source Cache
source "$GUIDE/reimage-nodes.sh"
az aks update --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --outbound-type none
