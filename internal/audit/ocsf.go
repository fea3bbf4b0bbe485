package audit

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/odordiff/odordiff/internal/strictjson"
)

// ocsfVersion is the version of the Open Cybersecurity Schema Framework that
// events are exported to.
const ocsfVersion = "1.5.0"

// The classes, categories and activities that are used.
const (
	classBase           = 0
	classAuthentication = 3002
	classEntity         = 3004
	classLifecycle      = 6002
	classAPI            = 6003
	classError          = 6008

	activityLogon   = 1
	activityUpdate  = 3
	activityStart   = 3
	activityStop    = 4
	activityGeneral = 1
	activityOther   = 99

	severityInformational = 1
	severityLow           = 2
	severityHigh          = 4

	statusSuccess = 1
	statusFailure = 2
)

type ocsfEvent struct {
	ActivityID   int            `json:"activity_id"`
	ActivityName string         `json:"activity_name,omitempty"`
	CategoryUID  int            `json:"category_uid"`
	ClassUID     int            `json:"class_uid"`
	TypeUID      int            `json:"type_uid"`
	SeverityID   int            `json:"severity_id"`
	StatusID     int            `json:"status_id,omitzero"`
	StatusDetail string         `json:"status_detail,omitempty"`
	StatusCode   string         `json:"status_code,omitempty"`
	Time         int64          `json:"time"`
	Message      string         `json:"message"`
	Metadata     ocsfMetadata   `json:"metadata"`
	Actor        *ocsfActor     `json:"actor,omitempty"`
	User         *ocsfUser      `json:"user,omitempty"`
	API          *ocsfOperation `json:"api,omitempty"`
	Source       *ocsfNamed     `json:"src_endpoint,omitempty"`
	Service      *ocsfNamed     `json:"service,omitempty"`
	App          *ocsfProduct   `json:"app,omitempty"`
	Entity       *ocsfEntity    `json:"entity,omitempty"`
	Unmapped     jsontext.Value `json:"unmapped,omitempty"`
}

type ocsfMetadata struct {
	Version        string      `json:"version"`
	Product        ocsfProduct `json:"product"`
	UID            string      `json:"uid"`
	Sequence       uint64      `json:"sequence"`
	LogName        string      `json:"log_name"`
	EventCode      string      `json:"event_code"`
	CorrelationUID string      `json:"correlation_uid,omitempty"`
	OriginalTime   string      `json:"original_time"`
}

type ocsfProduct struct {
	Name   string `json:"name"`
	Vendor string `json:"vendor_name"`
}

type ocsfActor struct {
	User *ocsfUser `json:"user,omitempty"`
	App  string    `json:"app_name,omitempty"`
}

type ocsfUser struct {
	UID    string `json:"uid"`
	Domain string `json:"domain,omitempty"`
}

type ocsfNamed struct {
	Name string `json:"name"`
}

type ocsfOperation struct {
	Operation string `json:"operation"`
}

type ocsfEntity struct {
	Name string `json:"name,omitempty"`
	Type string `json:"type"`
	UID  string `json:"uid,omitempty"`
}

var product = ocsfProduct{Name: "OdorDiff-2", Vendor: "OdorDiff"}

// known are the fields of events that OCSF has a place for.
type known struct {
	Status   int    `json:"status"`
	Problem  string `json:"problem"`
	Client   string `json:"client"`
	Tenant   string `json:"tenant"`
	Revision string `json:"revision"`
	Name     string `json:"name"`
}

// OCSF returns an event of a trail as a line of JSON in the form of the Open
// Cybersecurity Schema Framework, without a line feed. The number is that of
// the record.
func OCSF(trail string, seq uint64, entry Entry) ([]byte, error) {
	var fields known
	if err := strictjson.Unmarshal(entry.Fields, &fields); err != nil {
		return nil, fmt.Errorf("exporting record %d: %w", seq, err)
	}
	e := &ocsfEvent{
		ActivityID: activityOther, SeverityID: severityInformational,
		Time: entry.Time.UnixMilli(), Message: entry.Event, Unmapped: entry.Fields,
		Metadata: ocsfMetadata{
			Version: ocsfVersion, Product: product, Sequence: seq,
			UID: fmt.Sprintf("%s/%d", trail, seq), LogName: "audit", EventCode: entry.Event,
			CorrelationUID: entry.Request, OriginalTime: entry.Time.UTC().Format(timeFormat),
		},
	}
	e.classify(entry, fields)
	e.CategoryUID = e.ClassUID / 1000
	e.TypeUID = e.ClassUID*100 + e.ActivityID
	if e.ActivityID == activityOther {
		e.ActivityName = entry.Event
	}
	line, err := json.Marshal(e, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("exporting record %d: %w", seq, err)
	}
	return line, nil
}

// classify sets the class of an event, and what that class needs.
func (e *ocsfEvent) classify(entry Entry, fields known) {
	user := &ocsfUser{UID: cmp.Or(entry.Principal, "unknown"), Domain: fields.Tenant}
	source := &ocsfNamed{cmp.Or(fields.Client, "unknown")}
	what, _, _ := strings.Cut(entry.Event, ".")
	switch {
	case what == "auth", entry.Event == "credential.first_used":
		e.ClassUID, e.ActivityID = classAuthentication, activityLogon
		e.User, e.Source, e.Service = user, source, &ocsfNamed{product.Name}
		e.StatusID, e.StatusDetail = statusSuccess, fields.Problem
		if what == "auth" {
			e.StatusID, e.SeverityID = statusFailure, severityLow
		}
	case what == "request", what == "admin":
		e.ClassUID, e.Actor, e.Source = classAPI, &ocsfActor{User: user}, source
		e.API = &ocsfOperation{entry.Event}
		if what == "request" {
			e.StatusID, e.StatusDetail, e.SeverityID = statusFailure, fields.Problem, severityLow
			e.StatusCode = fmt.Sprint(fields.Status)
		}
	case entry.Event == "gateway.started", entry.Event == "gateway.stopped":
		e.ClassUID, e.ActivityID, e.App = classLifecycle, activityStart, &product
		if entry.Event == "gateway.stopped" {
			e.ActivityID = activityStop
		}
	case entry.Event == EventGap, entry.Event == EventRollback:
		e.ClassUID, e.ActivityID, e.SeverityID = classError, activityGeneral, severityHigh
	case what+"." == own:
		e.ClassUID = classBase
	default:
		e.ClassUID, e.ActivityID = classEntity, activityUpdate
		e.Entity = &ocsfEntity{Name: fields.Name, Type: what, UID: fields.Revision}
	}
}
