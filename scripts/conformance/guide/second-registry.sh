# A second registry in the same network, prepared as the first.
az acr create --resource-group ${RESOURCE_GROUP} --name ${NEW_REGISTRY_NAME} --sku Premium --public-network-enabled false
NEW_REGISTRY_ID=$(az acr show --name ${NEW_REGISTRY_NAME} --resource-group ${RESOURCE_GROUP} --query id --output tsv)
az acr cache create --name aks-managed-mcr --registry ${NEW_REGISTRY_NAME} --resource-group ${RESOURCE_GROUP} --source-repo "mcr.microsoft.com/*" --target-repo "aks-managed-repository/*"
az network private-endpoint create --name secondPrivateEndpoint --resource-group ${RESOURCE_GROUP} --vnet-name ${VNET_NAME} --subnet ${ACR_SUBNET_NAME} --private-connection-resource-id ${NEW_REGISTRY_ID} --group-id registry --connection-name myConnection
NETWORK_INTERFACE_ID=$(az network private-endpoint show --name secondPrivateEndpoint --resource-group ${RESOURCE_GROUP} --query 'networkInterfaces[0].id' --output tsv)
for MEMBER in registry registry_data_${LOCATION}; do
  ADDRESS=$(az network nic show --ids ${NETWORK_INTERFACE_ID} --query "ipConfigurations[?privateLinkConnectionProperties.requiredMemberName=='${MEMBER}'].privateIPAddress" --output tsv)
  RECORD=${NEW_REGISTRY_NAME}$([ ${MEMBER} = registry ] || echo .${LOCATION}.data)
  az network private-dns record-set a create --name ${RECORD} --zone-name privatelink.azurecr.io --resource-group ${RESOURCE_GROUP}
  az network private-dns record-set a add-record --record-set-name ${RECORD} --zone-name privatelink.azurecr.io --resource-group ${RESOURCE_GROUP} --ipv4-address ${ADDRESS}
done
az role assignment create --role AcrPull --scope ${NEW_REGISTRY_ID} --assignee-object-id ${KUBELET_IDENTITY_PRINCIPAL_ID} --assignee-principal-type ServicePrincipal
