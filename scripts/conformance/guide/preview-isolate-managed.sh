# Guide of November 2024, "Update an existing AKS cluster": both in one update.
az aks update --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --bootstrap-artifact-source Cache --outbound-type none
source "$GUIDE/reimage-nodes.sh"
