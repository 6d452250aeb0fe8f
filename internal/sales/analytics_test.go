package sales_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dealflow/ent"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

// date reads a day of 2026.
func date(day string) *time.Time {
	t, err := time.Parse(time.DateOnly, "2026-"+day)
	if err != nil {
		panic(err)
	}
	return &t
}

// mustLeadAt makes a lead at a time.
func (o *office) mustLeadAt(tb testing.TB, at time.Time, shape ...func(*sales.CreateLeadInput)) *ent.Lead {
	tb.Helper()
	now := *o.clock
	defer func() { *o.clock = now }()
	*o.clock = at
	return o.mustLead(tb, shape...)
}

// show is a volume's labels and counts as text.
func show(volume *sales.LeadVolume) string {
	var b strings.Builder
	for _, label := range volume.Labels {
		fmt.Fprintf(&b, "%s ", label.Format("01-02"))
	}
	for _, series := range volume.Series {
		if slices.Max(series.Data) > 0 {
			fmt.Fprintf(&b, "%s%v ", series.Status.Name, series.Data)
		}
	}
	fmt.Fprintf(&b, "total %d", volume.Total)
	if volume.PercentageChange != nil {
		fmt.Fprintf(&b, " %+g%%", *volume.PercentageChange)
	}
	return b.String()
}

func TestLeadVolume(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		qualified := withStatus(o.mustStatuses(t)[2])
		o.mustOther(t, "Rival").mustLeadAt(t, *date("03-16"))
		for _, day := range []string{"02-27", "02-28", "03-01"} { // Friday, Saturday, Sunday
			o.mustLeadAt(t, date(day).Add(12*time.Hour))
		}
		gone := o.mustLeadAt(t, date("03-02").Add(24*time.Hour-time.Microsecond), qualified)
		o.mustLeadAt(t, *date("03-03"))
		o.mustLeadAt(t, *date("03-16"), qualified)
		must(o.ArchiveLeads(o.ctx, sales.ArchiveLeadsInput{IDs: idsOf(gone)}))(t)

		tests := map[string]struct {
			from, to *time.Time
			interval sales.VolumeInterval
			want     string
		}{
			"days":             {date("03-01"), date("03-03"), sales.VolumeIntervalDay, "03-01 03-02 03-03 New[1 0 1] Qualified[0 1 0] total 3 +50%"},
			"one day":          {date("03-02"), date("03-02"), sales.VolumeIntervalDay, "03-02 Qualified[1] total 1 +0%"},
			"weeks":            {date("02-28"), date("03-16"), sales.VolumeIntervalWeek, "02-23 03-02 03-09 03-16 New[2 1 0 0] Qualified[0 1 0 1] total 5 +400%"},
			"months":           {date("02-28"), date("04-01"), sales.VolumeIntervalMonth, "02-01 03-01 04-01 New[1 2 0] Qualified[0 2 0] total 5 +400%"},
			"nothing before":   {date("02-27"), date("02-28"), sales.VolumeIntervalMonth, "02-01 New[2] total 2"},
			"fewer than then":  {date("03-03"), date("03-05"), sales.VolumeIntervalWeek, "03-02 New[1] total 1 -66.67%"},
			"a time of a day":  {ptr(date("03-02").Add(5 * time.Hour)), ptr(date("03-02").Add(6 * time.Hour)), sales.VolumeIntervalDay, "03-02 Qualified[1] total 1 +0%"},
			"nothing, nowhere": {date("06-01"), date("06-02"), sales.VolumeIntervalDay, "06-01 06-02 total 0"},
		}
		for title, test := range tests {
			t.Run(title, func(t *testing.T) {
				if got := show(must(o.LeadVolume(o.ctx, test.from, test.to, test.interval))(t)); got != test.want {
					t.Errorf("got  %s\nwant %s", got, test.want)
				}
			})
		}
		t.Run("of the last 30 days", func(t *testing.T) {
			got := must(o.LeadVolume(o.ctx, nil, nil, sales.VolumeIntervalDay))(t)
			if len(got.Labels) != 30 || !got.Labels[0].Equal(*date("02-17")) || !got.Labels[29].Equal(*date("03-18")) || got.Total != 6 || len(got.Series) != 4 {
				t.Errorf("volume = %s", show(got))
			}
		})
		t.Run("in few statements", func(t *testing.T) {
			ctx, counter := store.RecordStatements(o.ctx)
			must(o.LeadVolume(ctx, nil, nil, sales.VolumeIntervalDay))(t)
			if counter.Count() != 3 {
				t.Errorf("statements = %q", counter.Statements())
			}
		})
	})
}

func TestLeadVolumeRefuses(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		_, err := o.LeadVolume(o.ctx, date("03-02"), date("03-01"), sales.VolumeIntervalDay)
		wantErrors(t, err, "INVALID from: The first day, 2026-03-02, is after the last, 2026-03-01.")
		_, err = o.LeadVolume(o.ctx, &time.Time{}, nil, sales.VolumeIntervalMonth)
		wantErrors(t, err, "INVALID interval: There are more than 1000 intervals from 0001-01-01 to 2026-03-18: ask for longer intervals, or for fewer days.")
		first := date("03-18").AddDate(0, 0, -999)
		if got := must(o.LeadVolume(o.ctx, &first, nil, sales.VolumeIntervalDay))(t); len(got.Labels) != 1000 {
			t.Errorf("%d intervals", len(got.Labels))
		}
		first = first.AddDate(0, 0, -1)
		_, err = o.LeadVolume(o.ctx, &first, nil, sales.VolumeIntervalDay)
		wantErrors(t, err, "INVALID interval: There are more than 1000 intervals from 2023-06-22 to 2026-03-18: ask for longer intervals, or for fewer days.")
	})
}

func TestLeadTotals(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		qualified := withStatus(o.mustStatuses(t)[2])
		o.mustOther(t, "Rival").mustLead(t)
		old := o.mustLeadAt(t, start.AddDate(0, 0, -31), qualified)
		o.mustLeadAt(t, start.AddDate(0, 0, -59), qualified)
		o.mustLeadAt(t, start.AddDate(0, 0, -61), qualified)
		o.mustLead(t, qualified)
		o.mustLead(t)
		must(o.ArchiveLeads(o.ctx, sales.ArchiveLeadsInput{IDs: idsOf(old)}))(t)
		ctx, counter := store.RecordStatements(o.ctx)
		var got []string
		for _, total := range must(o.LeadTotals(ctx))(t) {
			text := fmt.Sprintf("%s %d", total.Name, total.Current)
			if total.PercentageChange != nil {
				text += fmt.Sprintf(" %+g%%", *total.PercentageChange)
			}
			if total.Color != sales.Hex(total.Status.PrimaryColor) || total.BackgroundColor != sales.SecondaryColor(total.Status.PrimaryColor) {
				t.Errorf("%s is %s on %s", total.Name, total.Color, total.BackgroundColor)
			}
			got = append(got, text)
		}
		wantList(t, got, "New 1", "Contacted 0", "Qualified 3 -50%", "Unqualified 0")
		if counter.Count() != 2 {
			t.Errorf("statements = %q", counter.Statements())
		}
	})
}

func TestRecentLeads(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		o.mustOther(t, "Rival").mustLead(t)
		a := o.mustLeadAt(t, start)
		b := o.mustLeadAt(t, start)
		c := o.mustLeadAt(t, start.Add(-time.Hour))
		gone := o.mustLeadAt(t, start.Add(time.Hour))
		must(o.ArchiveLeads(o.ctx, sales.ArchiveLeadsInput{IDs: idsOf(gone)}))(t)
		wantList(t, idsOf(must(o.RecentLeads(o.ctx, 10))(t)...), idsOf(b, a, c)...)
		wantList(t, idsOf(must(o.RecentLeads(o.ctx, 1))(t)...), idsOf(b)...)
		for _, first := range []int{0, 101} {
			_, err := o.RecentLeads(o.ctx, first)
			wantErrors(t, err, "INVALID first: The first argument must be from 1 to 100.")
		}
	})
}
