//! How a training and the years after it went, and what a date makes of it.

use std::{collections::BTreeMap, fmt};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter};

use super::ProgressionEvent;

/// How a training ended without the qualification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It was left before its end.
    Left,
    /// A board ended it.
    NotCompleted,
}

/// Where somebody was at a mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Where to.
    pub to: String,
    /// Whether it is a training as a therapist or psychologist.
    pub training: bool,
}

/// How it went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// The last day of a training that was left.
    pub left_training: Option<Date>,
    /// The board that ended it without the qualification.
    pub not_completed: Option<Date>,
    /// The board that ended it with the qualification.
    pub qualified: Option<Date>,
    /// The days on which one asks, by months after it.
    pub marks: BTreeMap<u32, Date>,
    /// The day on which staying counts as retained (`CAREER-06`).
    pub retained_on: Option<Date>,
    /// Qualified posts by their first day, with the last once left.
    pub posts: BTreeMap<Date, Option<Date>>,
    /// Whether a post was left soon after qualifying.
    pub early_leaver: bool,
    /// Destinations by months after qualifying.
    pub destinations: BTreeMap<u32, Destination>,
}

/// How far somebody has come on the way from intake to therapist training: exactly one of these on
/// every day, so that a flow conserves people (`CAREER-06`).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Display,
    EnumIter,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Stage {
    /// In training, or waiting for a board.
    InTraining,
    /// Left before the end.
    LeftTraining,
    /// Ended without the qualification.
    NotCompleted,
    /// Qualified less than two years ago.
    Qualified,
    /// Not in a qualified post two years after qualifying.
    NotRetained,
    /// In a qualified post two years after qualifying.
    Retained,
    /// Retained, and in training as a therapist or psychologist since.
    TherapistTraining,
}

/// What is known of somebody at a mark (`CAREER-05`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AtMark {
    /// In a qualified post.
    InPost,
    /// Somewhere that the university knows.
    At(String),
    /// Nobody knows: counted like the others.
    Unknown,
}

impl fmt::Display for AtMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InPost => "in_post",
            Self::At(destination) => destination,
            Self::Unknown => "unknown",
        })
    }
}

impl FollowUp {
    /// Takes a fact in.
    pub fn note(&mut self, event: &ProgressionEvent) {
        match event {
            ProgressionEvent::ProgressionOpened { .. } => {}
            ProgressionEvent::TrainingEndNoted { on, ending } => match ending {
                Ending::Left => self.left_training = Some(*on),
                Ending::NotCompleted => self.not_completed = Some(*on),
            },
            ProgressionEvent::QualificationNoted {
                on,
                marks,
                retained_on,
            } => {
                self.qualified = Some(*on);
                self.retained_on = Some(*retained_on);
                self.marks.clone_from(marks);
            }
            ProgressionEvent::QualifiedPostNoted { from } => {
                self.posts.entry(*from).or_default();
            }
            ProgressionEvent::QualifiedPostLeftNoted { from, on, early } => {
                self.posts.insert(*from, Some(*on));
                self.early_leaver |= early;
            }
            ProgressionEvent::DestinationRecorded {
                months,
                destination,
                training,
            } => {
                let destination = Destination {
                    to: destination.clone(),
                    training: *training,
                };
                self.destinations.insert(*months, destination);
            }
        }
    }

    /// Whether a board has ended the training.
    pub fn over(&self) -> bool {
        self.qualified.is_some() || self.not_completed.is_some()
    }

    /// Whether a qualified post was held on a day.
    pub fn in_post_on(&self, on: Date) -> bool {
        self.posts
            .iter()
            .any(|(from, left)| *from <= on && left.is_none_or(|left| on <= left))
    }

    /// What is known at each mark.
    pub fn at_marks(&self) -> impl Iterator<Item = (u32, Date, AtMark)> {
        self.marks.iter().map(|(months, on)| {
            let known = match self.destinations.get(months) {
                _ if self.in_post_on(*on) => AtMark::InPost,
                Some(destination) => AtMark::At(destination.to.clone()),
                None => AtMark::Unknown,
            };
            (*months, *on, known)
        })
    }

    /// How far somebody has come by now, and what the retention mark makes of it on its day.
    pub fn stages(&self) -> (Stage, Option<(Date, Stage)>) {
        if self.qualified.is_none() {
            return match (self.not_completed, self.left_training) {
                (Some(_), _) => (Stage::NotCompleted, None),
                (None, Some(_)) => (Stage::LeftTraining, None),
                (None, None) => (Stage::InTraining, None),
            };
        }
        let turn = self.retained_on.map(|retained_on| {
            let trains_on = self.destinations.iter().any(|(months, destination)| {
                destination.training && self.marks.get(months) >= Some(&retained_on)
            });
            let stage = match (self.in_post_on(retained_on), trains_on) {
                (true, true) => Stage::TherapistTraining,
                (true, false) => Stage::Retained,
                (false, _) => Stage::NotRetained,
            };
            (retained_on, stage)
        });
        (Stage::Qualified, turn)
    }

    /// How far somebody has come on a day, as far as is known now.
    pub fn stage_on(&self, on: Date) -> Stage {
        match self.stages() {
            (_, Some((mark, stage))) if mark <= on => stage,
            (stage, _) => stage,
        }
    }
}
