//! Feedback on three forms, each read by those it is for and nobody else.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};
use uuid::Uuid;

use super::{Community, Membership};
use crate::{
    actor::{PersonId, TenantId, TenantKind},
    application::Application,
    id::Id,
    offer::Offer,
    partnership::Partnership,
    personal::{ContentDigest, Personal, PersonalClass},
    refusal::Refusal,
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest text of a piece of feedback, in bytes.
pub const FEEDBACK_BYTES_MAX: usize = 4_000;
/// The best rating; the worst is 1.
pub const RATING_MAX: u8 = 5;

/// The form a piece of feedback is given on (`EVAL-01`, `PRECEPT-06`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FeedbackForm {
    /// A trainee to the university.
    Trainee,
    /// A sponsoring employer to the university.
    Sponsor,
    /// A member of a community to its network.
    Community,
}

/// A piece of feedback as given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GivenFeedback {
    /// On which form.
    pub form: FeedbackForm,
    /// Who reads it.
    pub reader: TenantId,
    /// Who gave it.
    pub giver: Giver,
    /// From 1 to 5.
    pub rating: u8,
    /// Tells a repeat from other words.
    pub content: ContentDigest,
}

/// Who gave feedback, and the words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Giver {
    /// A person, whose words only the reader holds.
    Person {
        /// Who, by opaque id.
        person: PersonId,
        /// In words.
        words: Personal<String>,
    },
    /// An employer, which reads its own form again.
    Employer {
        /// Which.
        employer: TenantId,
        /// In words; nothing about a person.
        statement: String,
    },
}

/// A piece of feedback.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Feedback(Option<GivenFeedback>);

/// What a piece of feedback decides.
#[derive(Debug, Clone)]
pub enum FeedbackAct {
    /// See [`GiveFeedback`].
    Give(Box<GivenFeedback>),
}

/// Facts of feedback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum FeedbackEvent {
    /// Feedback was given.
    FeedbackGiven {
        /// What was given.
        given: Box<GivenFeedback>,
    },
}

impl Feedback {
    /// What was given.
    pub fn given(&self) -> Option<&GivenFeedback> {
        self.0.as_ref()
    }

    fn evolve(&mut self, event: FeedbackEvent) {
        let FeedbackEvent::FeedbackGiven { given } = event;
        self.0 = Some(*given);
    }
}

aggregate!(Feedback, "feedback", FeedbackAct, FeedbackEvent);

impl Decider for Feedback {
    type Act = FeedbackAct;
    const COLLECTION: &'static str = "feedback";

    fn decide(&self, issued: &Issued<FeedbackAct>) -> Result<Vec<FeedbackEvent>, Refusal> {
        let FeedbackAct::Give(given) = &issued.act;
        match &self.0 {
            None => Ok(vec![FeedbackEvent::FeedbackGiven {
                given: given.clone(),
            }]),
            Some(known) => Refusal::unless_same(
                (known.rating, known.content) == (given.rating, given.content),
                "the feedback of this day",
            ),
        }
    }

    /// The reader's and the giver's: no employer reads what a person gave.
    fn custody(&self) -> Option<Custody> {
        self.0.as_ref().map(|given| match given.giver {
            Giver::Person { person, .. } => Custody::of(given.reader, []).about(person),
            Giver::Employer { employer, .. } => Custody::of(given.reader, [employer]),
        })
    }
}

/// On what feedback is given; it decides the form and the reader.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackOn {
    /// The own training, by a trainee.
    Training(Id<Application>),
    /// A partnership, by its employer.
    Partnership(Id<Partnership>),
    /// A community, by a member.
    Community(Id<Community>),
}

impl FeedbackOn {
    /// The form, who reads it, and what it is about, for whoever may fill it in.
    fn form(
        self,
        issue: &Issue,
        world: &mut World,
    ) -> Result<(FeedbackForm, TenantId, Uuid), Halt> {
        match self {
            Self::Training(application) => {
                let employer = world.read(application)?.terms().map(|terms| terms.employer);
                let employer = employer.ok_or_else(Refusal::not_permitted)?;
                let offer = world.read(Offer::id(employer, application))?;
                let university = offer
                    .held()
                    .filter(|held| offer.accepted() && issue.by.person == Some(held.terms.person))
                    .map(|held| held.terms.university)
                    .ok_or_else(Refusal::not_permitted)?;
                issue.by.acting_for(TenantKind::Person)?;
                Ok((FeedbackForm::Trainee, university, application.0))
            }
            Self::Partnership(partnership) => {
                issue.by.acting_for(TenantKind::Employer)?;
                let university = world
                    .read_own(issue, partnership)?
                    .between()
                    .map(|between| between.university)
                    .ok_or_else(Refusal::not_permitted)?;
                Ok((FeedbackForm::Sponsor, university, partnership.0))
            }
            Self::Community(community) => {
                let person = issue.by.person.ok_or_else(Refusal::not_permitted)?;
                let network = world.read(community)?.terms().map(|terms| terms.network);
                let network = network.ok_or_else(Refusal::not_permitted)?;
                let membership = Membership::id(network, community, person);
                if world.read(membership)?.current().is_none() {
                    return Err(Refusal::not_permitted().into());
                }
                Ok((FeedbackForm::Community, network, community.0))
            }
        }
    }
}

/// Gives feedback; one piece a day on each thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GiveFeedback {
    /// On what.
    pub on: FeedbackOn,
    /// From 1 to 5.
    pub rating: u8,
    /// In words; nothing about a patient.
    pub text: String,
}

impl Command for GiveFeedback {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let text = text::free(&self.text, "text", FEEDBACK_BYTES_MAX)?;
        if !(1..=RATING_MAX).contains(&self.rating) {
            return Err(Refusal::invalid("rating", "a rating is from 1 to 5").into());
        }
        let (form, reader, about) = self.on.form(issue, world)?;
        let sponsor = form == FeedbackForm::Sponsor;
        let person = issue.by.person.filter(|_| !sponsor);
        let day = Uuid::new_v5(&about, issue.today().to_string().as_bytes());
        let giver = person.map_or(issue.by.tenant.0, |person| person.0);
        let id = Id::<Feedback>::derive(reader, &[day, giver]);
        let content = ContentDigest::of(issue.salt, id.0, &text);
        let giver = match person {
            Some(person) => Giver::Person {
                person,
                words: Personal::new(person, PersonalClass::Feedback, [reader], text),
            },
            None => Giver::Employer {
                employer: issue.by.tenant,
                statement: text,
            },
        };
        let given = GivenFeedback {
            form,
            reader,
            giver,
            rating: self.rating,
            content,
        };
        world.decide_beyond(issue, id, FeedbackAct::Give(Box::new(given)))?;
        Ok(id.key())
    }
}
