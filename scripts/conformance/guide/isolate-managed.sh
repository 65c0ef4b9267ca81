# Guide, "Update an existing AKS cluster to network isolated type". Today: first the source, then the nodes, then egress.
az aks update --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --bootstrap-artifact-source Cache
az aks upgrade --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --node-image-only --yes
az aks nodepool wait --resource-group ${RESOURCE_GROUP} --cluster-name ${AKS_NAME} --name nodepool1 --updated --interval 1
az aks update --resource-group ${RESOURCE_GROUP} --name ${AKS_NAME} --outbound-type none
