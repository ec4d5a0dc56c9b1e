//! What the append works write to: a diary of one person that one or two tenants keep. A command is
//! one event, with one personal value sealed for every keeper.

use cqrs_es::{Aggregate, DomainEvent, event_sink::EventSink};
use domain::{
    actor::{PersonId, TenantId},
    id::Id,
    personal::{Personal, PersonalClass},
    refusal::Refusal,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World},
};
use serde::{Deserialize, Serialize};

/// Whose diary it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Keeping {
    pub(crate) home: TenantId,
    pub(crate) other: Option<TenantId>,
    pub(crate) subject: PersonId,
}

impl Keeping {
    fn keepers(&self) -> impl Iterator<Item = TenantId> {
        std::iter::once(self.home).chain(self.other)
    }
}

/// A diary as it stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Diary {
    keeping: Option<Keeping>,
    pages: u64,
    quarters: u64,
    last: Option<Personal<String>>,
}

impl Diary {
    /// How many events it has.
    pub(crate) fn pages(&self) -> u64 {
        self.pages
    }
}

/// Facts of a diary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum DiaryEvent {
    PageWritten {
        keeping: Keeping,
        activity: String,
        setting: String,
        quarters: u64,
        note: Personal<String>,
    },
}

impl DomainEvent for DiaryEvent {
    fn event_type(&self) -> String {
        "PageWritten".to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

/// What a diary decides.
#[derive(Debug, Clone)]
pub(crate) enum DiaryAct {
    /// Writes a page.
    Write { keeping: Keeping, note: String },
}

impl Aggregate for Diary {
    const TYPE: &'static str = "diary";
    type Command = Issued<DiaryAct>;
    type Event = DiaryEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(&command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: DiaryEvent) {
        let DiaryEvent::PageWritten {
            keeping,
            quarters,
            note,
            ..
        } = event;
        self.keeping = Some(keeping);
        self.pages += 1;
        self.quarters += quarters;
        self.last = Some(note);
    }
}

impl Decider for Diary {
    type Act = DiaryAct;
    const COLLECTION: &'static str = "diaries";

    fn decide(&self, issued: &Issued<DiaryAct>) -> Result<Vec<DiaryEvent>, Refusal> {
        let DiaryAct::Write { keeping, note } = &issued.act;
        if issued.by.tenant != keeping.home {
            return Err(Refusal::not_permitted());
        }
        if self.keeping.as_ref().is_some_and(|known| known != keeping) {
            return Err(Refusal::not_permitted());
        }
        Ok(vec![DiaryEvent::PageWritten {
            keeping: keeping.clone(),
            activity: "guided self-help by telephone".to_owned(),
            setting: "talking therapies, step two".to_owned(),
            quarters: self.pages % 7 + 1,
            note: Personal::new(
                keeping.subject,
                PersonalClass::Assessment,
                keeping.keepers(),
                note.clone(),
            ),
        }])
    }

    fn custody(&self) -> Option<Custody> {
        let keeping = self.keeping.as_ref()?;
        Some(Custody::of(keeping.home, keeping.other).about(keeping.subject))
    }
}

/// Writes pages of one diary, all in one commit.
#[derive(Debug, Clone)]
pub(crate) struct WritePages {
    pub(crate) diary: Id<Diary>,
    pub(crate) keeping: Keeping,
    pub(crate) pages: u32,
}

impl Command for WritePages {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        for _ in 0..self.pages {
            let act = DiaryAct::Write {
                keeping: self.keeping.clone(),
                note: "engaged well, homework agreed for next week".to_owned(),
            };
            world.decide(issue, self.diary, act)?;
        }
        Ok(self.diary.key())
    }
}
