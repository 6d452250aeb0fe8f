package graph

import (
	"context"

	"dealflow/graph/generated"
	"dealflow/internal/auth"
	"dealflow/internal/sales"
)

// UploadLeadPhoto resolves Mutation.uploadLeadPhoto.
func (m mutation) UploadLeadPhoto(ctx context.Context, input sales.UploadLeadPhotoInput) (*generated.UploadLeadPhotoPayload, error) {
	uploaded, err := m.Sales.UploadLeadPhoto(ctx, input)
	problems, err := userErrors(err)
	payload := &generated.UploadLeadPhotoPayload{UserErrors: problems}
	if uploaded != nil {
		viewer, _ := auth.ViewerFrom(ctx)
		url := m.Photos.URL(viewer.OrganizationID, uploaded.FileName)
		payload.FileName, payload.URL, payload.Lead = &uploaded.FileName, &url, uploaded.Lead
	}
	return payload, err
}

// DeleteLeadPhoto resolves Mutation.deleteLeadPhoto.
func (m mutation) DeleteLeadPhoto(ctx context.Context, input sales.DeleteLeadPhotoInput) (*generated.DeleteLeadPhotoPayload, error) {
	deleted, lead, err := m.Sales.DeleteLeadPhoto(ctx, input)
	problems, err := userErrors(err)
	return &generated.DeleteLeadPhotoPayload{DeletedFileName: orNil(deleted), Lead: lead, UserErrors: problems}, err
}
