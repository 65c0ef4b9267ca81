# Guide, "Disable network isolated cluster".
az aks update --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --bootstrap-artifact-source Direct --outbound-type LoadBalancer
source "$GUIDE/reimage-nodes.sh"
