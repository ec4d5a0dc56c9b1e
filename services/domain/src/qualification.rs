//! What was conferred, and when: dated by the board, released by the university, shared with the
//! employer. Then the entry in a register, which the employer records (`CAREER-08`).

mod register;
mod trainee_result;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr, VariantNames};

pub use self::{register::*, trainee_result::*};
use crate::{
    actor::TenantId,
    appeal::Appeal,
    appointment::Appointment,
    directory::ClinicalService,
    id::Id,
    refusal::{Reason, Refusal},
    world::{Custody, Decider, Issued, aggregate},
};

/// A result as employer and person see it. Marks, modules and attempts are no part of it (C.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleasedResult {
    /// Passed: qualified.
    Passed,
    /// Referred or deferred, which of the two is not said.
    NotYetComplete {
        /// The board that decides next.
        next_board: Date,
    },
    /// Ended without the qualification.
    NotCompleted {
        /// Whether a lesser award was conferred.
        exit_award: bool,
        /// The board that decided; the funding lock counts from it all the same.
        board: Date,
    },
}

/// A qualification conferred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualificationAward {
    /// Whose.
    pub appointment: Appointment,
    /// Its title.
    pub qualification: String,
    /// Its level, 6 or 7; the qualified post is the same either way (`X-10`).
    pub level: u8,
    /// The day of the board, or of its chair's action, whenever it was released.
    pub awarded: Date,
}

/// What a trainee's post was advertised for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraineePost {
    /// The clinical service.
    pub clinical_service: Id<ClinicalService>,
    /// The pilot its setting was, if any (`ALLOC-15`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pilot: Option<String>,
}

/// How a student's engagement ended, in the code of the national student return
/// (`Leaver.RSNENGEND`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter)]
pub enum LeavingCode {
    /// 01: left with an award.
    Awarded,
    /// 11: left without one.
    NotAwarded,
    /// 98: ended, the board has yet to sit; later becomes 01 or 11.
    BoardPending,
}

impl LeavingCode {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Awarded => "01",
            Self::NotAwarded => "11",
            Self::BoardPending => "98",
        }
    }
}

/// A person's released results.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Qualification {
    /// Nothing released.
    #[default]
    Absent,
    /// Not complete yet.
    NotYetComplete {
        /// Whose.
        appointment: Appointment,
        /// The board that decides next.
        next_board: Date,
    },
    /// Qualified.
    Qualified {
        /// What was conferred.
        award: QualificationAward,
        /// Entries in registers, first to latest.
        entries: Vec<RegisterEntry>,
        /// How registers have listed the person, first to latest.
        listings: Vec<Listing>,
        /// The qualified post, once there is one.
        practice: Option<RegisteredPractice>,
    },
    /// Ended without the qualification.
    NotCompleted {
        /// Whose.
        appointment: Appointment,
        /// Whether a lesser award was conferred; it never leads to the qualified role.
        exit_award: bool,
        /// The board that decided.
        board: Date,
    },
}

/// What a qualification decides.
#[derive(Debug, Clone)]
pub enum QualificationAct {
    /// See [`ReleaseResult`](crate::board::ReleaseResult).
    Release {
        /// The result.
        result: ReleasedResult,
        /// What is conferred, should it be a pass.
        award: QualificationAward,
        /// What the post was advertised for, where both parties may know.
        post: Option<TraineePost>,
        /// The appeal that set a former result aside, where one did.
        appeal: Option<Id<Appeal>>,
    },
    /// The day of the board is corrected.
    Redate {
        /// The day on which it was held.
        board: Date,
        /// The day recorded before; a result of another board is not touched.
        former: Date,
    },
    /// See [`HandOverTrainee`](crate::transfer::HandOverTrainee).
    HandOver {
        /// To whom.
        to: TenantId,
    },
    /// See [`TakeOverTrainee`](crate::transfer::TakeOverTrainee).
    TakeOver {
        /// The successor.
        employer: TenantId,
    },
    /// See [`RecordRegisterEntry`].
    Register {
        /// The entry.
        entry: RegisterEntry,
    },
    /// See [`RecordRegisterStatus`].
    List {
        /// The listing.
        listing: Listing,
    },
    /// See [`NoteRegisteredPractice`].
    Practise {
        /// The post.
        practice: RegisteredPractice,
    },
}

/// Facts of a qualification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum QualificationEvent {
    /// The university released a result.
    ResultReleased {
        /// Whose.
        appointment: Appointment,
        /// What.
        result: ReleasedResult,
    },
    /// The person is qualified.
    QualificationAwarded {
        /// What was conferred.
        award: QualificationAward,
        /// What the person's post was advertised for (`ASSESS-05`), while the employer is the one that
        /// advertised it; the first version left it to the vacancy.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        post: Option<TraineePost>,
    },
    /// An appeal set the former result aside; the new one follows in the same write.
    ResultSuperseded {
        /// The appeal.
        appeal: Id<Appeal>,
    },
    /// The board that decided was held on another day than recorded.
    ResultRedated {
        /// Whose.
        appointment: Appointment,
        /// The day on which it was held.
        board: Date,
        /// The day recorded before.
        former: Date,
    },
    /// The employer gave the training up with its clinical service; it hears of no more results.
    ResultHandedOver {
        /// To whom.
        to: TenantId,
    },
    /// The training went on with another employer, which is told what was released before it came.
    ResultTakenOver {
        /// Whose, with the employer they have now.
        appointment: Appointment,
        /// What stands.
        result: ReleasedResult,
    },
    /// A register lists the person.
    RegisterEntryRecorded {
        /// The entry.
        entry: RegisterEntry,
    },
    /// A register lists the person otherwise, or no longer.
    RegisterStatusRecorded {
        /// How.
        listing: Listing,
    },
    /// The person is in a qualified post, for which a register is asked.
    RegisteredPracticeNoted {
        /// The post.
        practice: RegisteredPractice,
    },
}

impl Qualification {
    /// Whose results these are, once one is released.
    pub fn appointment(&self) -> Option<&Appointment> {
        match self {
            Self::Absent => None,
            Self::NotYetComplete { appointment, .. } | Self::NotCompleted { appointment, .. } => {
                Some(appointment)
            }
            Self::Qualified { award, .. } => Some(&award.appointment),
        }
    }

    /// What was conferred.
    pub fn award(&self) -> Option<&QualificationAward> {
        match self {
            Self::Qualified { award, .. } => Some(award),
            _ => None,
        }
    }

    /// Entries in registers, first to latest.
    pub fn entries(&self) -> &[RegisterEntry] {
        match self {
            Self::Qualified { entries, .. } => entries,
            _ => &[],
        }
    }

    /// The released result.
    pub fn result(&self) -> Option<ReleasedResult> {
        Some(match self {
            Self::Absent => return None,
            Self::NotYetComplete { next_board, .. } => ReleasedResult::NotYetComplete {
                next_board: *next_board,
            },
            Self::Qualified { .. } => ReleasedResult::Passed,
            Self::NotCompleted {
                exit_award, board, ..
            } => ReleasedResult::NotCompleted {
                exit_award: *exit_award,
                board: *board,
            },
        })
    }

    /// Whether nothing but an appeal changes the result.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Qualified { .. } | Self::NotCompleted { .. })
    }

    /// The leaving code of the national student return, once the first result is released.
    pub fn leaving_code(&self) -> Option<LeavingCode> {
        Some(match self {
            Self::Absent => return None,
            Self::NotYetComplete { .. } => LeavingCode::BoardPending,
            Self::Qualified { .. }
            | Self::NotCompleted {
                exit_award: true, ..
            } => LeavingCode::Awarded,
            Self::NotCompleted { .. } => LeavingCode::NotAwarded,
        })
    }

    fn evolve(&mut self, event: QualificationEvent) {
        match event {
            QualificationEvent::ResultReleased {
                appointment,
                result: ReleasedResult::NotYetComplete { next_board },
            } => {
                *self = Self::NotYetComplete {
                    appointment,
                    next_board,
                };
            }
            QualificationEvent::ResultReleased {
                appointment,
                result: ReleasedResult::NotCompleted { exit_award, board },
            } => {
                *self = Self::NotCompleted {
                    appointment,
                    exit_award,
                    board,
                };
            }
            // a pass is conferred by the award that follows in the same write
            QualificationEvent::ResultReleased {
                result: ReleasedResult::Passed,
                ..
            } => {}
            QualificationEvent::QualificationAwarded { award, .. } => {
                *self = Self::Qualified {
                    award,
                    entries: vec![],
                    listings: vec![],
                    practice: None,
                };
            }
            // what replaces it follows in the same write; the record keeps both
            QualificationEvent::ResultSuperseded { .. } => {}
            QualificationEvent::ResultRedated { board: held, .. } => match self {
                Self::Qualified { award, .. } => award.awarded = held,
                Self::NotCompleted { board, .. } => *board = held,
                Self::Absent | Self::NotYetComplete { .. } => {}
            },
            QualificationEvent::ResultHandedOver { .. } => {}
            QualificationEvent::ResultTakenOver {
                appointment: now, ..
            } => match self {
                Self::Absent => {}
                Self::Qualified { award, .. } => award.appointment = now,
                Self::NotYetComplete { appointment, .. }
                | Self::NotCompleted { appointment, .. } => *appointment = now,
            },
            QualificationEvent::RegisterEntryRecorded { entry } => {
                if let Self::Qualified {
                    entries, listings, ..
                } = self
                {
                    listings.push(Listing {
                        register: entry.register.clone(),
                        status: ListingStatus::Listed,
                        from: entry.from,
                    });
                    entries.push(entry);
                }
            }
            QualificationEvent::RegisterStatusRecorded { listing } => {
                if let Self::Qualified { listings, .. } = self {
                    listings.push(listing);
                }
            }
            QualificationEvent::RegisteredPracticeNoted { practice: post } => {
                if let Self::Qualified { practice, .. } = self {
                    *practice = Some(post);
                }
            }
        }
    }

    /// What a register may list: a qualified practitioner of the employer who says so.
    fn registrable(
        &self,
        employer: TenantId,
    ) -> Result<(&QualificationAward, &[RegisterEntry]), Refusal> {
        match self {
            Self::Absent => Err(Refusal::not_permitted()),
            Self::Qualified { award, entries, .. } => {
                if award.appointment.employer == employer {
                    Ok((award, entries))
                } else {
                    Err(Refusal::not_permitted())
                }
            }
            Self::NotYetComplete { .. } | Self::NotCompleted { .. } => Err(Refusal::new(
                Reason::NotQualified,
                "a register lists the qualified role only; wait for the pass of the next board",
            )),
        }
    }

    /// A result that is not final counts from no board yet, so there is nothing to correct.
    fn redate(&self, board: Date, former: Date) -> Option<QualificationEvent> {
        let (appointment, counted) = match self {
            Self::Absent | Self::NotYetComplete { .. } => return None,
            Self::Qualified { award, .. } => (&award.appointment, award.awarded),
            Self::NotCompleted {
                appointment, board, ..
            } => (appointment, *board),
        };
        (counted == former && former != board).then(|| QualificationEvent::ResultRedated {
            appointment: appointment.clone(),
            board,
            former,
        })
    }

    fn hand_over(&self, to: TenantId) -> Option<QualificationEvent> {
        let whose = self.appointment()?;
        (whose.employer != to).then_some(QualificationEvent::ResultHandedOver { to })
    }

    fn take_over(&self, employer: TenantId) -> Option<QualificationEvent> {
        let (whose, result) = self.appointment().zip(self.result())?;
        (whose.employer != employer).then(|| QualificationEvent::ResultTakenOver {
            appointment: Appointment {
                employer,
                ..whose.clone()
            },
            result,
        })
    }

    fn release(
        &self,
        result: ReleasedResult,
        award: &QualificationAward,
        post: Option<&TraineePost>,
        appeal: Option<Id<Appeal>>,
    ) -> Result<Vec<QualificationEvent>, Refusal> {
        if self.result() == Some(result) {
            return Ok(vec![]);
        }
        let mut events = vec![];
        if self.is_final() {
            let Some(appeal) = appeal else {
                return Err(Refusal::new(
                    Reason::AlreadyRecorded,
                    "a final result is released already; it is superseded by appeal only",
                ));
            };
            events.push(QualificationEvent::ResultSuperseded { appeal });
        }
        events.push(QualificationEvent::ResultReleased {
            appointment: award.appointment.clone(),
            result,
        });
        if result == ReleasedResult::Passed {
            events.push(QualificationEvent::QualificationAwarded {
                award: award.clone(),
                post: post.cloned(),
            });
        }
        Ok(events)
    }
}

aggregate!(
    Qualification,
    "qualification",
    QualificationAct,
    QualificationEvent
);

impl Decider for Qualification {
    type Act = QualificationAct;
    const COLLECTION: &'static str = "qualifications";

    fn decide(
        &self,
        issued: &Issued<QualificationAct>,
    ) -> Result<Vec<QualificationEvent>, Refusal> {
        match &issued.act {
            QualificationAct::Release {
                result,
                award,
                post,
                appeal,
            } => self.release(*result, award, post.as_ref(), *appeal),
            QualificationAct::Redate { board, former } => {
                Ok(Vec::from_iter(self.redate(*board, *former)))
            }
            QualificationAct::HandOver { to } => Ok(Vec::from_iter(self.hand_over(*to))),
            QualificationAct::TakeOver { employer } => {
                Ok(Vec::from_iter(self.take_over(*employer)))
            }
            QualificationAct::Register { entry } => {
                let (award, entries) = self.registrable(issued.by.tenant)?;
                if entry.until.is_some_and(|until| until < entry.from) {
                    return Err(Refusal::invalid("until", "a listing ends after it begins"));
                }
                if entry.from < award.awarded {
                    return Err(not_before(award.awarded));
                }
                let same_entry = |known: &&RegisterEntry| {
                    known.register == entry.register && known.from == entry.from
                };
                if let Some(known) = entries.iter().find(same_entry) {
                    return Refusal::unless_same(
                        known.content == entry.content,
                        "the register entry",
                    );
                }
                if entries.len() >= REGISTER_ENTRIES_MAX {
                    return Err(Refusal::new(
                        Reason::CapacityExceeded,
                        "no more register entries are kept for one person",
                    ));
                }
                Ok(vec![QualificationEvent::RegisterEntryRecorded {
                    entry: entry.clone(),
                }])
            }
            QualificationAct::List { listing } => {
                let (award, _) = self.registrable(issued.by.tenant)?;
                self.list(listing, award.awarded)
            }
            QualificationAct::Practise { practice } => {
                if !matches!(self, Self::Qualified { .. }) || self.practice() == Some(practice) {
                    return Ok(vec![]);
                }
                Ok(vec![QualificationEvent::RegisteredPracticeNoted {
                    practice: practice.clone(),
                }])
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.appointment()
            .map(|whose| Custody::of(whose.university, [whose.employer]).about(whose.person))
    }
}

#[cfg(test)]
mod tests;
