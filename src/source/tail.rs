//! A local file that is followed: whole lines only, and what happens to the file under its name.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::{Chapter, Mark, Position};

use super::chapter::Margins;
use super::members::{self, Place};

/// Files are read in steps of this size.
const STEP_BYTES: usize = 8 << 20;
/// A line that reaches this size without its newline is passed on as it is.
const LINE_BYTES: usize = 64 << 20;
/// A file that has not grown for so long is not being written to in this moment.
const QUIET: Duration = Duration::from_secs(3);
/// Reading a cut gzip member again takes at most one part in so many of the time.
const SPARING: u32 = 10;

/// What a look at a file's name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing new.
    Same,
    /// More bytes.
    Grown,
    /// The name now means another file.
    Rotated,
    /// The file was cut, or written anew.
    Truncated,
    /// The name is gone.
    Gone,
    /// It was empty, and what came is compressed: nothing to follow line by line.
    Compressed,
}

/// New whole lines of a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Grown {
    /// Where they start in the file's text.
    pub offset: u64,
    /// The lines.
    pub bytes: Vec<u8>,
}

/// How a file holds its text.
#[derive(Debug)]
enum Form {
    Plain,
    Gzip(Place),
}

/// A followed file.
#[derive(Debug)]
pub struct Tail {
    /// Index of its object.
    pub index: u32,
    /// What names it in the state.
    pub key: Arc<str>,
    /// Where it is.
    pub path: PathBuf,
    /// Device and inode.
    pub file: (u64, u64),
    /// Its name means another file now: what is still written to it is read until it rests.
    pub is_orphan: bool,
    /// Kept open, so that what was written before and after a rotation can still be read.
    held: Option<File>,
    form: Form,
    read: Margins,
    /// Size at the last look.
    size: u64,
    /// When it last grew.
    grown: Instant,
    /// The end of it is not passed on yet, and is to be looked at then.
    open_end: Option<Instant>,
    /// A cut member need not be read again before.
    not_before: Option<Instant>,
    /// No more can be read of it.
    is_dead: bool,
}

impl Tail {
    /// Follows a plain file from its start; `hold` keeps it open.
    pub fn open(path: &Path, index: u32, hold: bool) -> io::Result<Self> {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        let id = identity(&meta);
        Ok(Self {
            index,
            key: key_of(path, id).into(),
            path: path.to_owned(),
            file: id,
            is_orphan: false,
            held: hold.then_some(file),
            form: Form::Plain,
            read: Margins::default(),
            size: meta.len(),
            grown: Instant::now(),
            open_end: None,
            not_before: None,
            is_dead: false,
        })
    }

    /// Follows a gzip file from its start.
    pub fn open_gzip(path: &Path, index: u32, hold: bool) -> io::Result<Self> {
        Ok(Self {
            form: Form::Gzip(Place::default()),
            ..Self::open(path, index, hold)?
        })
    }

    /// Goes on where a chapter of the same text ends.
    pub fn resume(
        mut self,
        chapter: &Chapter,
        header: &str,
        place: Option<Place>,
    ) -> io::Result<Self> {
        let mut file = File::open(&self.path)?;
        self.read = match &mut self.form {
            Form::Plain => Margins::of_file(chapter, header, &mut file)?,
            Form::Gzip(at) => {
                *at = place.unwrap_or(Place {
                    member: 0,
                    skip: chapter.offset,
                });
                Margins::of_text(chapter, header, &mut members::text(file))?
            }
        };
        // The first look finds it grown.
        self.size = self.stored();
        Ok(self)
    }

    /// Lines passed on, and the line that the format is known from.
    pub fn start(&self) -> (u64, Vec<u8>) {
        (self.read.lines, self.read.header().to_vec())
    }

    /// What was read.
    pub fn chapter(&self) -> Chapter {
        self.read.chapter()
    }

    /// The line that the format is known from, as text.
    pub fn header(&self) -> String {
        String::from_utf8_lossy(self.read.header()).into_owned()
    }

    /// Where it stands.
    pub fn mark(&self) -> Mark {
        Mark {
            index: self.index,
            key: self.key.clone(),
            position: Position::Text {
                file: self.file,
                path: self.path.display().to_string(),
                chapter: self.read.chapter(),
                header: self.header(),
                member: match self.form {
                    Form::Plain => None,
                    Form::Gzip(place) => Some((place.member, place.skip)),
                },
            },
        }
    }

    /// Bytes of the file, as stored, that were read.
    fn stored(&self) -> u64 {
        match self.form {
            Form::Plain => self.read.offset,
            Form::Gzip(place) => place.member,
        }
    }

    /// Looks at the file under the name; at an orphan itself.
    pub fn look(&mut self) -> Fate {
        if self.is_dead {
            return self.fate_of_name().unwrap_or(Fate::Same);
        }
        let size = if self.is_orphan {
            self.held.as_ref().and_then(|f| f.metadata().ok())
        } else {
            if let Some(fate) = self.fate_of_name() {
                return fate;
            }
            std::fs::metadata(&self.path).ok()
        };
        let Some(size) = size.map(|meta| meta.len()) else {
            return Fate::Gone;
        };
        let before = std::mem::replace(&mut self.size, size);
        if size != before {
            self.grown = Instant::now();
        }
        if size < before || size < self.stored() {
            return Fate::Truncated;
        }
        if size == before {
            let is_due = self.open_end.is_some_and(|due| due <= Instant::now());
            return if is_due { Fate::Grown } else { Fate::Same };
        }
        if let Some(at) = self.not_before.filter(|at| *at > Instant::now()) {
            self.open_end = Some(at);
            return Fate::Same;
        }
        if self.read.offset == 0 && matches!(self.form, Form::Plain) && self.is_compressed() {
            return Fate::Compressed;
        }
        let is_still_there = match self.form {
            Form::Plain => self.file().and_then(|mut f| self.read.is_still_in(&mut f)),
            Form::Gzip(_) => Ok(true),
        };
        if is_still_there.unwrap_or(true) {
            Fate::Grown
        } else {
            Fate::Truncated
        }
    }

    /// What became of the name, if it no longer means this file.
    fn fate_of_name(&self) -> Option<Fate> {
        match std::fs::metadata(&self.path) {
            Err(_) => Some(Fate::Gone),
            Ok(meta) if identity(&meta) != self.file => Some(Fate::Rotated),
            Ok(_) => None,
        }
    }

    fn is_compressed(&self) -> bool {
        self.file()
            .and_then(|mut f| compression(&mut f))
            .is_ok_and(|found| found.is_some())
    }

    /// When it must be looked at although nobody says that it grew.
    pub fn look_at(&self) -> Option<Instant> {
        if self.is_orphan {
            return Some(self.grown + QUIET);
        }
        self.open_end
    }

    /// Whether nothing came for a while.
    pub fn is_quiet(&self) -> bool {
        self.grown.elapsed() >= QUIET
    }

    /// The next new whole lines; `None` until there are some. The sentence says what can never be read.
    pub fn grow(&mut self) -> io::Result<(Option<Grown>, Option<String>)> {
        match self.form {
            _ if self.is_dead => Ok((None, None)),
            Form::Plain => self.grow_plain().map(|grown| (grown, None)),
            Form::Gzip(place) => self.grow_gzip(place),
        }
    }

    fn grow_plain(&mut self) -> io::Result<Option<Grown>> {
        let mut file = self.file()?;
        file.seek(SeekFrom::Start(self.read.offset))?;
        let mut bytes = Vec::new();
        let mut limit = STEP_BYTES;
        loop {
            (&mut file)
                .take((limit - bytes.len()) as u64)
                .read_to_end(&mut bytes)?;
            if let Some(last) = memchr::memrchr(b'\n', &bytes) {
                bytes.truncate(last + 1);
                return Ok(Some(self.pass(bytes)));
            }
            if bytes.len() < limit {
                return Ok(None);
            }
            if limit >= LINE_BYTES {
                return Ok(Some(self.pass(bytes)));
            }
            limit *= 2;
        }
    }

    fn grow_gzip(&mut self, place: Place) -> io::Result<(Option<Grown>, Option<String>)> {
        let is_quiet = self.is_quiet();
        let start = Instant::now();
        let mut file = self.file()?;
        let found = members::read(&mut file, place, is_quiet)?;
        self.form = Form::Gzip(found.next);
        // A cut member is tried again once more of it may be there, and once nothing comes any more.
        let rest = start.elapsed() * SPARING;
        self.not_before = found.is_cut.then(|| Instant::now() + rest);
        self.open_end = (found.is_cut && !is_quiet).then(|| Instant::now() + QUIET.max(rest));
        let path = self.path.display();
        let sentence = match &found.damage {
            Some(why) => {
                self.is_dead = true;
                Some(format!(
                    "{path} is damaged from byte {} on: {why}; what comes after is not read",
                    found.next.member
                ))
            }
            None if found.is_cut && is_quiet && !found.lines.is_empty() => Some(format!(
                "{path} ends inside of a gzip member, and nothing more came; what could be had of it is read"
            )),
            None => None,
        };
        let grown = (!found.lines.is_empty()).then(|| self.pass(found.lines));
        Ok((grown, sentence))
    }

    /// The last line of a file that nobody writes to any more, given the newline it lacks.
    pub fn last_line(&mut self) -> io::Result<Option<Grown>> {
        let (Form::Plain, Some(held)) = (&self.form, &self.held) else {
            return Ok(None);
        };
        let mut file = held.try_clone()?;
        file.seek(SeekFrom::Start(self.read.offset))?;
        let mut bytes = Vec::new();
        file.take(LINE_BYTES as u64).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let offset = self.read.offset;
        self.read.take(&bytes);
        self.read.lines += 1;
        bytes.push(b'\n');
        Ok(Some(Grown { offset, bytes }))
    }

    /// Whether the file in hand was cut, or written anew, since it was read: no look may have been between that and what
    /// happened to its name.
    pub fn is_cut(&self) -> bool {
        let Some(held) = &self.held else { return false };
        if held.metadata().is_ok_and(|m| m.len() < self.stored()) {
            return true;
        }
        let is_still_there = match self.form {
            Form::Plain => self.file().and_then(|mut f| self.read.is_still_in(&mut f)),
            Form::Gzip(_) => Ok(true),
        };
        !is_still_there.unwrap_or(true)
    }

    /// The file in hand from its start, as another object: what it holds once it was cut. Whatever its name means by now
    /// does not matter. Gives `self` back where what it holds is to be looked at like a new file.
    pub fn anew(self) -> Result<(Self, Metadata), Box<Self>> {
        if !matches!(self.form, Form::Plain) || self.is_compressed() {
            return Err(Box::new(self));
        }
        let Some(meta) = self.held.as_ref().and_then(|held| held.metadata().ok()) else {
            return Err(Box::new(self));
        };
        let anew = Self {
            key: key_of(&self.path, self.file).into(),
            read: Margins::default(),
            size: meta.len(),
            grown: Instant::now(),
            open_end: None,
            not_before: None,
            is_dead: false,
            ..self
        };
        Ok((anew, meta))
    }

    /// Whether the file itself, not only its name, is in hand.
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    fn pass(&mut self, bytes: Vec<u8>) -> Grown {
        let offset = self.read.offset;
        self.read.take(&bytes);
        Grown { offset, bytes }
    }

    fn file(&self) -> io::Result<File> {
        match &self.held {
            Some(held) => held.try_clone(),
            None => File::open(&self.path),
        }
    }
}

/// Ways in which a file is compressed, or a container, so that it cannot be followed line by line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952: can be followed by members.
    Gzip,
    /// Read from its end, in pieces.
    Parquet,
    /// Something else.
    Other,
}

/// How a file is compressed, by its first bytes; `None` for a plain one.
///
/// # Source
/// RFC 1952, section 2.3.1; RFC 8878, section 3.1.1; bzip2's and Parquet's own magic.
pub fn compression(file: &mut File) -> io::Result<Option<Compression>> {
    file.rewind()?;
    let mut magic = Vec::with_capacity(4);
    file.take(4).read_to_end(&mut magic)?;
    Ok(match magic.as_slice() {
        [0x1f, 0x8b, ..] => Some(Compression::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd] | [b'B', b'Z', b'h', _] => Some(Compression::Other),
        b"PAR1" => Some(Compression::Parquet),
        _ => None,
    })
}

/// A name for the state that no other file has, and no earlier content of this one.
pub fn key_of(path: &Path, (_, inode): (u64, u64)) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    format!("{}#{inode:x}.{now:x}", path.display())
}

/// Device and inode.
#[cfg(unix)]
pub fn identity(meta: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (meta.dev(), meta.ino())
}

/// Without inodes only truncation is noticed.
#[cfg(not(unix))]
pub fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_cut_and_then_renamed_is_read_from_its_start() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        // Shorter than what was read, and longer.
        for text in ["new\n", "new, and longer than what was there before\n"] {
            std::fs::write(&path, "one\ntwo\n").unwrap();
            let mut tail = Tail::open(&path, 0, true).unwrap();
            assert_eq!(tail.grow().unwrap().0.unwrap().bytes, b"one\ntwo\n");
            assert!(!tail.is_cut());
            std::fs::write(&path, text).unwrap();
            std::fs::rename(&path, dir.path().join("old")).unwrap();
            std::fs::write(&path, "other\n").unwrap();
            assert_eq!(tail.look(), Fate::Rotated);
            assert!(tail.is_cut());
            let (mut anew, _) = tail.anew().unwrap();
            assert_eq!(anew.grow().unwrap().0.unwrap().bytes, text.as_bytes());
        }
    }
}
