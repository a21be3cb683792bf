//! The plain nouns that every step shares: no I/O, no async, no terminal, no `DataFrame`.
//!
//! Steps (`source`, `decode`, `parse`, `event`, `contract`, `frame`, `export`) never import each other; what one
//! hands to the next is defined here. Columns are Polars' own arrow arrays, so the frame takes them without a copy.

pub mod batch;
pub mod cause;
pub mod cause_key;
pub mod column;
pub mod counters;
pub mod delta;
pub mod detail;
pub mod event_type;
pub mod failure;
pub mod field;
pub mod harmless;
pub mod lanes;
pub mod log_format;
pub mod log_object;
pub mod notice;
pub mod pairs;
pub mod position;
pub mod property;
pub mod routing;
pub mod text_kind;
pub mod time;
pub mod words;

pub use batch::{
    Batch, EventColumns, FailureColumns, RecordColumns, RejectColumns, Sink, SoFar, UntypedColumns,
};
pub use cause::{Cause, CauseId, Causes};
pub use cause_key::{CauseKey, OwnedCauseKey};
pub use column::{Column, ColumnKind};
pub use counters::Counters;
pub use delta::{CauseChange, TypeChange, VerdictDelta};
pub use detail::{Detail, DetailFailure, DetailField, DetailProperty};
pub use event_type::{EventType, EventTypeId, EventTypes, PropertyColumn, Way};
pub use failure::{Code, Severity, Verdict};
pub use field::{FIELDS, Field, FieldId, FieldKind, STANDARD_FIELDS};
pub use log_format::{FormatOptions, LogFormat};
pub use log_object::{LogObject, ObjectId, ObjectState, ObjectStatus};
pub use notice::{Notice, Progress};
pub use position::{Chapter, Mark, Position};
pub use property::{Payload, Properties, Property, PropertyScratch, ValueKind};
pub use text_kind::{KindCounts, TextKind};
pub use words::{WordCache, Words};
