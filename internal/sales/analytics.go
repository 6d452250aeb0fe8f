package sales

import (
	"context"
	"math"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/lead"
	"dealflow/ent/leadstatus"
)

// VolumeInterval is how long each interval of a LeadVolume is.
type VolumeInterval string

// The intervals. Weeks begin on Monday; all are UTC's.
const (
	VolumeIntervalDay   VolumeInterval = "DAY"
	VolumeIntervalWeek  VolumeInterval = "WEEK"
	VolumeIntervalMonth VolumeInterval = "MONTH"
)

// LeadVolume is how many leads were made, over time.
type LeadVolume struct {
	// Labels are the first days of the intervals. The first and the last
	// interval count only those of their days that were asked for.
	Labels           []time.Time
	Series           []*LeadVolumeSeries
	Total            int
	PercentageChange *float64
}

// LeadVolumeSeries is how many leads of one status were made, over time.
type LeadVolumeSeries struct {
	Status *ent.LeadStatus
	// Data has one entry a label.
	Data []int
}

// LeadTotal is how many leads have one status.
type LeadTotal struct {
	Status           *ent.LeadStatus
	Name             string
	Current          int
	PercentageChange *float64
	Color            string
	BackgroundColor  string
}

const (
	oneDay       = 24 * time.Hour
	usualDays    = 30
	maxIntervals = 1000
	maxRecent    = 100
)

// LeadVolume counts the leads that were made from one day to another, both
// included, in each interval, and compares the sum with the same length of time
// before. Archived leads count: they were made too.
func (s *Sales) LeadVolume(ctx context.Context, from, to *time.Time, interval VolumeInterval) (*LeadVolume, error) {
	first, last := s.period(from, to)
	labels, err := labelsOf(first, last, interval)
	if err != nil {
		return nil, err
	}
	statuses, err := s.statuses(ctx)
	if err != nil {
		return nil, err
	}
	end := last.Add(oneDay)
	counts, err := s.countDays(ctx, first, end)
	if err != nil {
		return nil, err
	}
	before, err := s.store.Client.Lead.Query().
		Where(lead.CreatedAtGTE(first.Add(-end.Sub(first))), lead.CreatedAtLT(first)).
		Count(ctx)
	if err != nil {
		return nil, err
	}
	series, total, err := seriesOf(statuses, labels, counts, interval)
	if err != nil {
		return nil, err
	}
	return &LeadVolume{labels, series, total, percentageChange(total, before)}, nil
}

// period is the first and the last day of a volume: what is given, or else the
// 30 days that end today.
func (s *Sales) period(from, to *time.Time) (first, last time.Time) {
	last = startOfDay(s.now())
	if to != nil {
		last = startOfDay(*to)
	}
	first = last.AddDate(0, 0, 1-usualDays)
	if from != nil {
		first = startOfDay(*from)
	}
	return first, last
}

// startOfDay is the beginning of a time's day in UTC.
func startOfDay(t time.Time) time.Time {
	year, month, day := t.UTC().Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// labelsOf are the first days of the intervals that two days and those between
// them are in.
func labelsOf(first, last time.Time, interval VolumeInterval) ([]time.Time, error) {
	if first.After(last) {
		return nil, refuse(CodeInvalid, "range", []string{"from"}, "The first day, %s, is after the last, %s.",
			first.Format(time.DateOnly), last.Format(time.DateOnly))
	}
	var labels []time.Time
	for label := intervalOf(first, interval); !label.After(last); label = nextInterval(label, interval) {
		if len(labels) == maxIntervals {
			return nil, refuse(CodeInvalid, "max", []string{"interval"}, "There are more than %d intervals from %s to %s: ask for longer intervals, or for fewer days.",
				maxIntervals, first.Format(time.DateOnly), last.Format(time.DateOnly))
		}
		labels = append(labels, label)
	}
	return labels, nil
}

// intervalOf is the first day of the interval that a day is in.
func intervalOf(day time.Time, interval VolumeInterval) time.Time {
	switch interval {
	case VolumeIntervalWeek:
		sinceMonday := (int(day.Weekday()) + 6) % 7
		return day.AddDate(0, 0, -sinceMonday)
	case VolumeIntervalMonth:
		return day.AddDate(0, 0, 1-day.Day())
	default:
		return day
	}
}

// nextInterval is the first day of the interval after the one that begins with
// a day.
func nextInterval(label time.Time, interval VolumeInterval) time.Time {
	switch interval {
	case VolumeIntervalWeek:
		return label.AddDate(0, 0, 7)
	case VolumeIntervalMonth:
		return label.AddDate(0, 1, 0)
	default:
		return label.AddDate(0, 0, 1)
	}
}

// dayCount is how many leads of one status were made on one day.
type dayCount struct {
	StatusID uuid.UUID `sql:"status_id"`
	Day      string    `sql:"day"`
	Leads    int       `sql:"leads"`
}

// countDays counts the leads that were made in a time, by status and day of UTC.
func (s *Sales) countDays(ctx context.Context, from, to time.Time) ([]dayCount, error) {
	var counts []dayCount
	err := s.store.Client.Lead.Query().
		Where(lead.CreatedAtGTE(from), lead.CreatedAtLT(to)).
		Modify(func(s *sql.Selector) {
			day := dayOf(s, s.C(lead.FieldCreatedAt))
			status := s.C(lead.FieldStatusID)
			s.Select(status, sql.As(day, "day"), sql.As(sql.Count("*"), "leads")).GroupBy(status, day)
		}).
		Scan(ctx, &counts)
	return counts, err
}

// dayOf is the SQL of the day of UTC that a column's time is in, as text. In
// SQLite times are texts in UTC, which begin with the day.
func dayOf(s *sql.Selector, column string) string {
	if s.Dialect() == dialect.Postgres {
		return "to_char(" + column + " AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
	}
	return "substr(" + column + ", 1, 10)"
}

// seriesOf puts the counts of days into the intervals of each status, and adds
// them up. The databases count days alone, so that both agree on what a week is.
func seriesOf(statuses []*ent.LeadStatus, labels []time.Time, counts []dayCount, interval VolumeInterval) ([]*LeadVolumeSeries, int, error) {
	places := make(map[time.Time]int, len(labels))
	for i, label := range labels {
		places[label] = i
	}
	series := make([]*LeadVolumeSeries, len(statuses))
	byStatus := make(map[uuid.UUID]*LeadVolumeSeries, len(statuses))
	for i, status := range statuses {
		series[i] = &LeadVolumeSeries{Status: status, Data: make([]int, len(labels))}
		byStatus[status.ID] = series[i]
	}
	total := 0
	for _, count := range counts {
		day, err := time.Parse(time.DateOnly, count.Day)
		if err != nil {
			return nil, 0, err
		}
		// A status may be so new that it was not among those read before.
		if one, ok := byStatus[count.StatusID]; ok {
			one.Data[places[intervalOf(day, interval)]] += count.Leads
			total += count.Leads
		}
	}
	return series, total, nil
}

// percentageChange is how much more, or less, there is now than before, in per
// cent, to two decimals; nil when there was nothing before.
func percentageChange(now, before int) *float64 {
	if before == 0 {
		return nil
	}
	percent := math.Round(float64(now-before)/float64(before)*10_000) / 100
	return &percent
}

// statuses are the organization's lead statuses, in their order.
func (s *Sales) statuses(ctx context.Context) ([]*ent.LeadStatus, error) {
	return s.store.Client.LeadStatus.Query().Order(leadstatus.ByPosition(), leadstatus.ByID()).All(ctx)
}

// statusCount is how many leads of one status there are, without archived ones,
// and how many were made lately and before that, archived or not.
type statusCount struct {
	StatusID uuid.UUID `sql:"status_id"`
	Current  int       `sql:"current"`
	Lately   int       `sql:"lately"`
	Before   int       `sql:"before"`
}

// LeadTotals counts the leads of each status, and compares those made in the
// last 30 days with those of the 30 days before.
func (s *Sales) LeadTotals(ctx context.Context) ([]*LeadTotal, error) {
	statuses, err := s.statuses(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := s.countStatuses(ctx)
	if err != nil {
		return nil, err
	}
	totals := make([]*LeadTotal, len(statuses))
	for i, status := range statuses {
		count := counts[status.ID]
		totals[i] = &LeadTotal{
			Status:           status,
			Name:             status.Name,
			Current:          count.Current,
			PercentageChange: percentageChange(count.Lately, count.Before),
			Color:            Hex(status.PrimaryColor),
			BackgroundColor:  SecondaryColor(status.PrimaryColor),
		}
	}
	return totals, nil
}

func (s *Sales) countStatuses(ctx context.Context) (map[uuid.UUID]statusCount, error) {
	now := s.moment()
	lately, before := now.Add(-usualDays*oneDay), now.Add(-2*usualDays*oneDay)
	var counts []statusCount
	err := s.store.Client.Lead.Query().
		Modify(func(s *sql.Selector) {
			status, made := s.C(lead.FieldStatusID), s.C(lead.FieldCreatedAt)
			s.Select(status).
				AppendSelectExprAs(countWhere(sql.IsNull(s.C(lead.FieldArchivedAt))), "current").
				AppendSelectExprAs(countWhere(sql.GTE(made, lately)), "lately").
				AppendSelectExprAs(countWhere(sql.And(sql.GTE(made, before), sql.LT(made, lately))), "before").
				GroupBy(status)
		}).
		Scan(ctx, &counts)
	byStatus := make(map[uuid.UUID]statusCount, len(counts))
	for _, count := range counts {
		byStatus[count.StatusID] = count
	}
	return byStatus, err
}

// countWhere is the SQL that counts the rows for which something holds.
func countWhere(holds *sql.Predicate) sql.Querier {
	return sql.ExprFunc(func(b *sql.Builder) {
		b.WriteString("COUNT(*) FILTER (WHERE ").Join(holds).WriteString(")")
	})
}

// RecentLeads are the leads made last, newest first, without archived ones.
func (s *Sales) RecentLeads(ctx context.Context, first int) ([]*ent.Lead, error) {
	if first < 1 || first > maxRecent {
		return nil, refuse(CodeInvalid, "range", []string{"first"}, "The first argument must be from 1 to %d.", maxRecent)
	}
	return s.store.Client.Lead.Query().
		Where(lead.ArchivedAtIsNil()).
		Order(lead.ByCreatedAt(sql.OrderDesc()), lead.ByID(sql.OrderDesc())).
		Limit(first).
		All(ctx)
}
