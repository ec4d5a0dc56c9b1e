use contract::v1::{self, funding_service_server::FundingService, *};
use domain::{
    actor::{PersonId, TenantId},
    funding::{self as rules, AwardStatus, FundingLockCheck, LineKind, LockAnswer, LockQuestion},
    id::Id,
    policy::catalogue::Role,
    visibility::DataClass,
};
use tonic::{Request, Response, Status};

use crate::{
    desk::Desk,
    status::{failed, refused},
    wire,
};

pub(crate) struct FundingRpc(pub(crate) Desk);

#[tonic::async_trait]
impl FundingService for FundingRpc {
    async fn approve_award(
        &self,
        request: Request<ApproveAwardRequest>,
    ) -> Result<Response<ApproveAwardResponse>, Status> {
        let by_policy = |pence: i64| (pence != 0).then_some(pence);
        self.0
            .write(request, |m| {
                Ok(rules::ApproveAward {
                    application: Id::from_name(&m.application, "application")?,
                    tuition_pence: by_policy(m.tuition_pence),
                    salary_pence: by_policy(m.salary_pence),
                    other_sources: wire::words(&m.other_sources, "other_sources")?,
                })
            })
            .await
    }

    async fn pay_instalment(
        &self,
        request: Request<PayInstalmentRequest>,
    ) -> Result<Response<PayInstalmentResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::PayInstalment {
                    award: Id::from_name(&m.award, "award")?,
                    number: wire::number(m.number, "number")?,
                })
            })
            .await
    }

    async fn get_award(
        &self,
        request: Request<GetAwardRequest>,
    ) -> Result<Response<GetAwardResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::FundingAward>(&request, name).await?;
        Ok(Response::new(GetAwardResponse {
            award: award(name, &read.state),
            version: wire::count(read.version),
        }))
    }

    async fn check_funding_lock(
        &self,
        request: Request<CheckFundingLockRequest>,
    ) -> Result<Response<CheckFundingLockResponse>, Status> {
        let (permit, receipt) = self
            .0
            .record(request, |m| {
                Ok(rules::CheckFundingLock {
                    person: PersonId::from_name(&m.person, "person")?,
                    question: LockQuestion {
                        teaching_start: wire::date(&m.teaching_start, "teaching_start")?,
                        nhs_funded: !m.self_funded,
                        change_of_occupation: !m.same_occupation,
                        nation: wire::optional_word(&m.nation, "nation")?
                            .unwrap_or(rules::Nation::England),
                        programme: wire::some(m.programme),
                    },
                })
            })
            .await?;
        let check = self
            .0
            .ledger()
            .read(&permit, Id::<FundingLockCheck>::new(receipt.id))
            .await
            .map_err(failed)?;
        let mut response = CheckFundingLockResponse {
            receipt: Some(wire::receipt(&receipt)),
            ..CheckFundingLockResponse::default()
        };
        if let FundingLockCheck::Answered { answer, .. } = check.state {
            let answer = lock_answer(&answer);
            response.clear = answer.clear;
            response.lock_until = answer.lock_until;
            response.provisional = answer.provisional;
            response.rule_version = answer.rule_version;
            response.exemption = answer.exemption;
        }
        Ok(Response::new(response))
    }

    async fn grant_lock_exemption(
        &self,
        request: Request<GrantLockExemptionRequest>,
    ) -> Result<Response<GrantLockExemptionResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::GrantLockExemption {
                    person: PersonId::from_name(&m.person, "person")?,
                    reason: m.reason,
                })
            })
            .await
    }

    async fn suspend_award(
        &self,
        request: Request<SuspendAwardRequest>,
    ) -> Result<Response<SuspendAwardResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::SuspendAward {
                    award: Id::from_name(&m.award, "award")?,
                })
            })
            .await
    }

    async fn resume_award(
        &self,
        request: Request<ResumeAwardRequest>,
    ) -> Result<Response<ResumeAwardResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ResumeAward {
                    award: Id::from_name(&m.award, "award")?,
                })
            })
            .await
    }

    async fn stop_award(
        &self,
        request: Request<StopAwardRequest>,
    ) -> Result<Response<StopAwardResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::StopAward {
                    award: Id::from_name(&m.award, "award")?,
                })
            })
            .await
    }

    async fn reinstate_award(
        &self,
        request: Request<ReinstateAwardRequest>,
    ) -> Result<Response<ReinstateAwardResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ReinstateAward {
                    award: Id::from_name(&m.award, "award")?,
                })
            })
            .await
    }

    async fn apply_pay_change(
        &self,
        request: Request<ApplyPayChangeRequest>,
    ) -> Result<Response<ApplyPayChangeResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ApplyPayChange {
                    award: Id::from_name(&m.award, "award")?,
                })
            })
            .await
    }

    async fn reallocate_award(
        &self,
        request: Request<ReallocateAwardRequest>,
    ) -> Result<Response<ReallocateAwardResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ReallocateAward {
                    award: Id::from_name(&m.award, "award")?,
                    application: Id::from_name(&m.application, "application")?,
                })
            })
            .await
    }

    async fn change_payee(
        &self,
        request: Request<ChangePayeeRequest>,
    ) -> Result<Response<ChangePayeeResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ChangePayee {
                    award: Id::from_name(&m.award, "award")?,
                    payee: TenantId::from_name(&m.payee, "payee")?,
                })
            })
            .await
    }

    async fn grant_payee_exception(
        &self,
        request: Request<GrantPayeeExceptionRequest>,
    ) -> Result<Response<GrantPayeeExceptionResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::GrantPayeeException {
                    payee: TenantId::from_name(&m.payee, "payee")?,
                    reason: m.reason,
                })
            })
            .await
    }

    async fn open_recovery(
        &self,
        request: Request<OpenRecoveryRequest>,
    ) -> Result<Response<OpenRecoveryResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::OpenRecovery {
                    award: Id::from_name(&m.award, "award")?,
                    instalments: m
                        .instalments
                        .iter()
                        .map(|number| wire::number(*number, "instalments"))
                        .collect::<Result<_, _>>()?,
                })
            })
            .await
    }

    async fn waive_recovery(
        &self,
        request: Request<WaiveRecoveryRequest>,
    ) -> Result<Response<WaiveRecoveryResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::WaiveRecovery {
                    award: Id::from_name(&m.award, "award")?,
                    case: wire::number(m.case, "case")?,
                    ground: m.ground,
                })
            })
            .await
    }

    async fn close_statement(
        &self,
        request: Request<CloseStatementRequest>,
    ) -> Result<Response<CloseStatementResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::CloseStatement {
                    payee: TenantId::from_name(&m.payee, "payee")?,
                    month: wire::date(&m.month, "month")?,
                })
            })
            .await
    }

    async fn open_envelope(
        &self,
        request: Request<OpenEnvelopeRequest>,
    ) -> Result<Response<OpenEnvelopeResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::OpenEnvelope {
                    role: Role::parse(&m.role, "role")?,
                    pence: m.pence,
                    ends: wire::date(&m.ends, "ends")?,
                })
            })
            .await
    }

    async fn declare_other_funding(
        &self,
        request: Request<DeclareOtherFundingRequest>,
    ) -> Result<Response<DeclareOtherFundingResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::DeclareOtherFunding {
                    award: Id::from_name(&m.award, "award")?,
                    source: wire::word(&m.source, "source")?,
                })
            })
            .await
    }

    async fn invoice_tuition(
        &self,
        request: Request<InvoiceTuitionRequest>,
    ) -> Result<Response<InvoiceTuitionResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::InvoiceTuition {
                    application: Id::from_name(&m.application, "application")?,
                    payer: TenantId::from_name(&m.payer, "payer")?,
                    pence: m.pence,
                })
            })
            .await
    }

    async fn record_employer_cost(
        &self,
        request: Request<RecordEmployerCostRequest>,
    ) -> Result<Response<RecordEmployerCostResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RecordEmployerCost {
                    allocation: Id::from_name(&m.allocation, "allocation")?,
                    kind: wire::word(&m.kind, "kind")?,
                    pence: m.pence,
                })
            })
            .await
    }

    async fn get_statement(
        &self,
        request: Request<GetStatementRequest>,
    ) -> Result<Response<GetStatementResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self
            .0
            .read::<rules::FundingStatement>(&request, name)
            .await?;
        Ok(Response::new(GetStatementResponse {
            statement: read.state.stated().map(|stated| statement(name, stated)),
            version: wire::count(read.version),
        }))
    }

    async fn get_envelope(
        &self,
        request: Request<GetEnvelopeRequest>,
    ) -> Result<Response<GetEnvelopeResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Envelope>(&request, name).await?;
        Ok(Response::new(GetEnvelopeResponse {
            envelope: read.state.terms().map(|terms| FundingEnvelope {
                name: name.clone(),
                role: terms.role.to_string(),
                year: terms.year.clone(),
                pence: terms.pence,
                ends: terms.ends.to_string(),
                drawn_pence: read.state.drawn(),
            }),
            version: wire::count(read.version),
        }))
    }

    async fn get_tuition_invoice(
        &self,
        request: Request<GetTuitionInvoiceRequest>,
    ) -> Result<Response<GetTuitionInvoiceResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::TuitionInvoice>(&request, name).await?;
        Ok(Response::new(GetTuitionInvoiceResponse {
            invoice: read.state.invoice().map(|invoice| v1::TuitionInvoice {
                name: name.clone(),
                application: invoice.appointment.application.name(),
                payer: invoice.payer.to_string(),
                pence: invoice.pence,
                on: invoice.on.to_string(),
            }),
            version: wire::count(read.version),
        }))
    }

    async fn get_employer_costs(
        &self,
        request: Request<GetEmployerCostsRequest>,
    ) -> Result<Response<GetEmployerCostsResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::EmployerCosts>(&request, name).await?;
        Ok(Response::new(GetEmployerCostsResponse {
            costs: Some(costs(name, &read.state)),
            version: wire::count(read.version),
        }))
    }

    async fn consent_to_lock_disclosure(
        &self,
        request: Request<ConsentToLockDisclosureRequest>,
    ) -> Result<Response<ConsentToLockDisclosureResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ConsentToLockDisclosure {
                    employer: TenantId::from_name(&m.employer, "employer")?,
                })
            })
            .await
    }

    /// The attempt is written whatever the lock says, and then answered for.
    async fn accept_training_place(
        &self,
        request: Request<AcceptTrainingPlaceRequest>,
    ) -> Result<Response<AcceptTrainingPlaceResponse>, Status> {
        let (permit, receipt) = self
            .0
            .record(request, |m| {
                Ok(rules::AcceptTrainingPlace {
                    person: PersonId::from_name(&m.person, "person")?,
                    question: LockQuestion {
                        teaching_start: wire::date(&m.teaching_start, "teaching_start")?,
                        nhs_funded: !m.self_funded,
                        change_of_occupation: !m.same_occupation,
                        nation: wire::optional_word(&m.nation, "nation")?
                            .unwrap_or(rules::Nation::England),
                        programme: wire::some(m.programme),
                    },
                    override_lock: m.override_lock,
                })
            })
            .await?;
        self.0
            .ledger()
            .read(&permit, Id::<rules::TrainingPlace>::new(receipt.id))
            .await
            .map_err(failed)?
            .state
            .or_refuse()
            .map_err(|refusal| refused(&refusal))?;
        Ok(Response::new(wire::receipt(&receipt).into()))
    }

    async fn get_funding_lock(
        &self,
        request: Request<GetFundingLockRequest>,
    ) -> Result<Response<GetFundingLockResponse>, Status> {
        self.0.permit(&request).await?;
        let person = PersonId::from_name(&request.get_ref().person, "person")
            .map_err(|refusal| refused(&refusal))?;
        let name = rules::FundingLock::id(person).name();
        let read = self.0.read::<rules::FundingLock>(&request, &name).await?;
        let mut exemptions = vec![];
        for granted in read.state.exemptions() {
            let reason: Option<String> = self
                .0
                .open(&request, read.id, DataClass::LockExemption, &granted.reason)
                .await?;
            exemptions.push(LockExemption {
                exemption: granted.id.to_string(),
                reason: reason.unwrap_or_default(),
            });
        }
        let locks = read
            .state
            .locks()
            .map(|(application, lock, exemption)| TrainingLock {
                application: application.name(),
                training_start: lock.training_start.to_string(),
                board: lock.board.to_string(),
                until: lock.until.to_string(),
                provisional: lock.provisional,
                rule_version: wire::small(lock.rule_version),
                exemption: wire::show(exemption),
            });
        let funding_lock = v1::FundingLock {
            name,
            person: person.to_string(),
            locks: locks.collect(),
            exemptions,
            refused_attempts: wire::small(read.state.refused()),
            exemption_route: rules::EXEMPTION_ROUTE.to_owned(),
        };
        Ok(Response::new(GetFundingLockResponse {
            funding_lock: Some(funding_lock),
            version: wire::count(read.version),
        }))
    }

    async fn get_training_place(
        &self,
        request: Request<GetTrainingPlaceRequest>,
    ) -> Result<Response<GetTrainingPlaceResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::TrainingPlace>(&request, name).await?;
        let training_place = read.state.place().map(|place| v1::TrainingPlace {
            name: name.clone(),
            person: place.person.to_string(),
            teaching_start: place.question.teaching_start.to_string(),
            accepted: read.state.or_refuse().is_ok(),
            answer: Some(lock_answer(&place.answer)),
            questioned: read.state.questioned().iter().map(lock_answer).collect(),
        });
        Ok(Response::new(GetTrainingPlaceResponse {
            training_place,
            version: wire::count(read.version),
        }))
    }
}

fn award(name: &str, state: &rules::FundingAward) -> Option<v1::FundingAward> {
    let award = state.award()?;
    let standing = match state.status() {
        AwardStatus::Absent => FundingAwardState::Unspecified,
        AwardStatus::Active => FundingAwardState::Active,
        AwardStatus::Suspended => FundingAwardState::Suspended,
        AwardStatus::Stopped => FundingAwardState::Stopped,
        AwardStatus::Completed => FundingAwardState::Completed,
    };
    let paid = |month: &&rules::Instalment| month.paid.is_some();
    let months: Vec<_> = state.instalments().map(|(_, month)| month).collect();
    Some(v1::FundingAward {
        name: name.to_owned(),
        application: award.appointment.application.name(),
        person: award.appointment.person.to_string(),
        employer: award.appointment.employer.to_string(),
        intake: award.appointment.intake.name(),
        commitment: award.commitment.name(),
        tuition_pence: award.tuition_pence,
        salary_pence: award.salary_pence,
        paid_pence: months
            .iter()
            .copied()
            .filter(paid)
            .map(|month| month.pence)
            .sum(),
        instalments_pence: months.iter().map(|month| month.pence).collect(),
        paid_on: months
            .iter()
            .filter_map(|month| month.paid)
            .map(|day| day.to_string())
            .collect(),
        state: standing.into(),
        payee: wire::show(state.payee()),
        instalments: state
            .instalments()
            .map(|(number, month)| v1::Instalment {
                number: wire::small(number),
                pence: month.pence,
                adjusted_pence: month.adjusted,
                standing: month.standing.to_string(),
                paid_on: wire::show(month.paid),
            })
            .collect(),
        recoveries: state
            .cases()
            .map(|(case, end)| v1::RecoveryCase {
                number: wire::small(case.number),
                ground: case.ground.to_string(),
                instalments: case
                    .lines
                    .iter()
                    .map(|line| wire::small(line.number))
                    .collect(),
                pence: case.pence(),
                opened_on: case.on.to_string(),
                standing: end.map_or("open", rules::CaseEnd::word).to_owned(),
            })
            .collect(),
        other_funding: wire::show(state.other_funding()),
    })
}

fn statement(name: &str, stated: &rules::Stated) -> v1::FundingStatement {
    let line = |line: &rules::Line| {
        let (kind, number) = match line.kind {
            LineKind::Instalment { number } => ("instalment", number),
            LineKind::Adjustment { number, .. } => ("adjustment", number),
            LineKind::Recovery { case } => ("recovery", case),
        };
        StatementLine {
            award: line.award.name(),
            kind: kind.to_owned(),
            number: wire::small(number),
            pence: line.pence,
            on: line.on.to_string(),
        }
    };
    v1::FundingStatement {
        name: name.to_owned(),
        commissioner: stated.commissioner.to_string(),
        payee: stated.payee.to_string(),
        period: stated.period.to_string(),
        lines: stated.lines.iter().map(line).collect(),
        total_pence: stated.total_pence,
    }
}

fn costs(name: &str, state: &rules::EmployerCosts) -> v1::EmployerCosts {
    let cost = |kind: rules::CostKind, pence, on| EmployerCost {
        kind: kind.to_string(),
        pence,
        on,
    };
    v1::EmployerCosts {
        name: name.to_owned(),
        costs: state
            .costs()
            .iter()
            .map(|one| cost(one.kind, one.pence, one.on.to_string()))
            .collect(),
        sums: state
            .report()
            .into_iter()
            .map(|(kind, pence)| cost(kind, pence, String::new()))
            .collect(),
    }
}

fn lock_answer(answer: &LockAnswer) -> v1::LockAnswer {
    match answer {
        LockAnswer::Clear { exemption } => v1::LockAnswer {
            clear: true,
            exemption: wire::show(*exemption),
            ..v1::LockAnswer::default()
        },
        LockAnswer::Locked {
            until,
            provisional,
            rule_version,
        } => v1::LockAnswer {
            lock_until: until.to_string(),
            provisional: *provisional,
            rule_version: wire::small(*rule_version),
            ..v1::LockAnswer::default()
        },
    }
}
