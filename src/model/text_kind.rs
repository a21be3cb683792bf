//! What a logged text could be read as, whatever a schema says of it.

/// What a logged text could be read as; the narrowest kind that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextKind {
    /// No text at all.
    Empty,
    /// `true`, `false`.
    Boolean,
    /// `0`, `1`: an integer, and a boolean beside `true` and `false`.
    Bit,
    /// An integer within `i64`.
    Integer,
    /// A JSON number that is no such integer.
    Number,
    /// An RFC 3339 date-time.
    Time,
    /// Anything else; digits past `i64` too, because a float would change them.
    Text,
}

impl TextKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Empty,
        Self::Boolean,
        Self::Bit,
        Self::Integer,
        Self::Number,
        Self::Time,
        Self::Text,
    ];

    /// How a mix of types names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Boolean => "boolean",
            Self::Bit | Self::Integer => "integer",
            Self::Number => "number",
            Self::Time => "date-time",
            Self::Text => "text",
        }
    }
}

/// Values by [`TextKind`].
pub type KindCounts = [u64; TextKind::ALL.len()];
