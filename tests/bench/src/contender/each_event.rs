//! The same view as peers keep theirs: one transaction for each event, with its checkpoint.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use domain::fact::Fact;
use jiff::Timestamp;
use ledger::view::{Folded, Noted};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;
use views::{Employer, record::Record};

use crate::{
    Fault,
    cluster::Database,
    machine::Machine,
    measure::{Sample, Times, micros},
};

const TABLES: &str = "
DROP TABLE IF EXISTS each_row, each_checkpoint;
CREATE TABLE each_row (stream uuid PRIMARY KEY, row json NOT NULL);
CREATE TABLE each_checkpoint (one boolean PRIMARY KEY DEFAULT true, position bigint NOT NULL);
INSERT INTO each_checkpoint (position) VALUES (0);";

type Stored = (i64, String, String, i64, String);

/// Follows the longest employer's feed for one slice.
pub(crate) async fn follow(
    machine: &Machine,
    database: &Database,
    slice: Duration,
) -> Result<Sample, Fault> {
    database.run(TABLES).await?;
    let mut connection = PgConnection::connect(&database.owner_url()).await?;
    let events: Vec<Stored> = sqlx::query_as(
        "SELECT f.position, f.aggregate_type, f.aggregate_id, f.sequence, e.payload::text
           FROM ledger.feed f JOIN ledger.event e USING (aggregate_type, aggregate_id, sequence)
          WHERE f.tenant_id = $1 AND f.position <= 100000
          ORDER BY f.position",
    )
    .bind(crate::dataset::Filler::employer(0).0)
    .fetch_all(&mut connection)
    .await?;
    let mut rows: BTreeMap<Uuid, Record> = BTreeMap::new();
    let mut times = vec![];
    let (before, begun) = (machine.spent(), Instant::now());
    for event in &events {
        if begun.elapsed() > slice {
            break;
        }
        let at = Instant::now();
        let noted = noted(event)?;
        let row = rows.remove(&noted.stream).into_iter();
        let mut folded = Folded::<Employer>::on_top_of(
            row.map(|row| (noted.stream, row))
                .collect::<BTreeMap<_, _>>(),
            BTreeMap::new(),
            Default::default(),
        );
        folded.note(&noted);
        let mut transaction = connection.begin().await?;
        for (stream, row) in folded.rows() {
            sqlx::query(
                "INSERT INTO each_row VALUES ($1, $2::json)
                 ON CONFLICT (stream) DO UPDATE SET row = excluded.row",
            )
            .bind(stream)
            .bind(serde_json::to_string(&row)?)
            .execute(&mut *transaction)
            .await?;
            rows.insert(stream, row);
        }
        sqlx::query("UPDATE each_checkpoint SET position = $1 WHERE position = $1 - 1")
            .bind(event.0)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        times.push(micros(at.elapsed()));
    }
    let mut sample = Sample::since(machine, before, times.len() as u64);
    sample.times = Times::of(times);
    Ok(sample)
}

fn noted((_, kind, stream, sequence, payload): &Stored) -> Result<Noted, Fault> {
    let mut payload = serde_json::Deserializer::from_str(payload);
    let fact = Fact::decode(kind, &mut payload)?.ok_or("an unknown kind")?;
    Ok(Noted {
        stream: stream.parse()?,
        sequence: sequence.unsigned_abs(),
        effective: Timestamp::UNIX_EPOCH,
        recorded: Timestamp::UNIX_EPOCH,
        fact: Ok(fact),
    })
}
