package sales

import (
	"context"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/eventhead"
)

// Revision is that of the viewer's organization: another one after each change
// that the API can show. So what was read after it is still the same while it is,
// but for what depends on more than rows: the time, and who asks. It is uuid.Nil
// until the first change by a server that knows of revisions.
func (s *Sales) Revision(ctx context.Context) (uuid.UUID, error) {
	head, err := s.store.Client.EventHead.Query().Select(eventhead.FieldRevision).Only(ctx)
	if ent.IsNotFound(err) {
		return uuid.Nil, nil
	}
	if err != nil || head.Revision == nil {
		return uuid.Nil, err
	}
	return *head.Revision, nil
}
