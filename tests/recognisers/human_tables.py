"""Tables that people fill: none of their columns says a word about a machine."""

from __future__ import annotations

from typing import Any

TABLES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "news": (
        "text",
        [
            {
                "id": 1,
                "title": "GPT-4 released",
                "author": "Jane Roe",
                "source": "AFP",
                "section": "Technology",
                "category": "technology",
                "tags": ["ai", "business"],
                "date": "2023-03-14",
                "text": "t",
            },
            {
                "id": 2,
                "title": "Falcon 9 lands",
                "author": "AP/Reuters",
                "source": "bbc.co.uk",
                "section": "Science",
                "category": "AI",
                "tags": ["space"],
                "date": "2021-01-02",
                "text": "t",
            },
        ],
    ),
    "poems": (
        "poem",
        [
            {
                "poem": "t",
                "poet": "Emily Dickinson",
                "title": "Hope",
                "year": 1891,
                "form": "ballad",
                "source": "Gutenberg",
            },
            {
                "poem": "t",
                "poet": "Rilke",
                "title": "Der Panther",
                "year": 1902,
                "form": "verse",
                "source": "wiki",
            },
        ],
    ),
    "cars": (
        "description",
        [
            {
                "make": "Volkswagen",
                "model": "Golf",
                "year": 2004,
                "engine": "1.9 TDI",
                "type": "hatchback",
                "transmission": "automatic",
                "description": "t",
            },
            {
                "make": "Ford",
                "model": "Falcon",
                "year": 1999,
                "engine": "V8",
                "type": "sedan",
                "transmission": "manual",
                "description": "t",
            },
        ],
    ),
    "telephones": (
        "review",
        [
            {"brand": "Apple", "model": "iPhone 14", "rating": 5, "verified": True, "review": "t"},
            {"brand": "Nokia", "model": "3310", "rating": 4, "verified": False, "review": "t"},
        ],
    ),
    "parts of speech": (
        "sentence",
        [
            {
                "sentence": "t",
                "tokens": ["A", "machine", "works"],
                "pos": ["DET", "NOUN", "VERB"],
                "class": "noun",
                "lang": "en",
            },
            {"sentence": "t", "tokens": ["Ai"], "pos": ["INTJ"], "class": "verb", "lang": "it"},
        ],
    ),
    "product reviews": (
        "review_body",
        [
            {
                "reviewer": "Tom",
                "product": "Kettle",
                "stars": 3,
                "helpful": 2,
                "verified_purchase": "Y",
                "review_body": "t",
            },
            {
                "reviewer": "A. Smith",
                "product": "Robot vacuum",
                "stars": 1,
                "helpful": 0,
                "verified_purchase": "N",
                "review_body": "t",
            },
        ],
    ),
    "code": (
        "content",
        [
            {
                "repo": "torvalds/linux",
                "path": "kernel/sched.c",
                "language": "C",
                "license": "GPL-2.0",
                "size": 1200,
                "kind": "file",
                "author": "torvalds",
                "content": "t",
            },
            {
                "repo": "rails/rails",
                "path": "app/models/user.rb",
                "language": "Ruby",
                "license": "MIT",
                "size": 90,
                "kind": "model",
                "author": "dhh",
                "content": "t",
            },
        ],
    ),
    "parliament": (
        "speech",
        [
            {
                "speaker": "Rt Hon. Mary Smith",
                "party": "Labour",
                "chamber": "Commons",
                "date": "2010-02-03",
                "role": "Minister",
                "speech": "t",
            },
            {
                "speaker": "Mr Speaker",
                "party": None,
                "chamber": "Lords",
                "date": "2011-02-03",
                "role": "chair",
                "speech": "t",
            },
        ],
    ),
    "subtitles": (
        "text",
        [
            {
                "movie": "Robot",
                "start": 1.5,
                "end": 3.2,
                "character": "HAL",
                "speaker": "Gemma",
                "text": "t",
            },
            {
                "movie": "Her",
                "start": 4.5,
                "end": 6.2,
                "character": "Samantha",
                "speaker": "Claudia",
                "text": "t",
            },
        ],
    ),
    "medical notes": (
        "note_text",
        [
            {
                "patient_id": "p1",
                "note_type": "Discharge",
                "department": "Cardiology",
                "author": "Dr. Lee",
                "system": "Epic",
                "note_text": "t",
            },
            {
                "patient_id": "p2",
                "note_type": "Nursing",
                "department": "ICU",
                "author": "R. Diaz RN",
                "system": "Cerner",
                "note_text": "t",
            },
        ],
    ),
    "encyclopaedia": (
        "text",
        [
            {
                "id": "12",
                "url": "https://en.wikipedia.org/wiki/GPT-4",
                "title": "GPT-4",
                "revid": 5,
                "namespace": 0,
                "text": "t",
            },
            {
                "id": "13",
                "url": "https://en.wikipedia.org/wiki/Llama",
                "title": "Llama",
                "revid": 6,
                "namespace": 0,
                "text": "t",
            },
        ],
    ),
    "tickets": (
        "body",
        [
            {
                "ticket": 1,
                "status": "open",
                "priority": "high",
                "agent": "Maria",
                "type": "incident",
                "queue": "billing",
                "body": "t",
            },
            {
                "ticket": 2,
                "status": "closed",
                "priority": "low",
                "agent": "Bob Smith",
                "type": "question",
                "queue": "chat",
                "body": "t",
            },
        ],
    ),
    "bibliography": (
        "abstract",
        [
            {
                "doi": "10.1/x",
                "authors": ["J. Roe", "K. Doe"],
                "journal": "Nature",
                "year": 2019,
                "keywords": ["llm", "ai"],
                "abstract": "t",
            },
            {
                "doi": "10.1/y",
                "authors": ["Yi Chen"],
                "journal": "ACL",
                "year": 2023,
                "keywords": "gpt-4; llama",
                "abstract": "t",
            },
        ],
    ),
    "forum": (
        "post",
        [
            {
                "user": "llamafan",
                "thread": "Introductions",
                "upvotes": 3,
                "created_at": "2012-01-01T00:00:00Z",
                "post": "t",
            },
            {
                "user": "jim_b",
                "thread": "Help",
                "upvotes": 0,
                "created_at": "2012-01-01T00:00:00Z",
                "post": "t",
            },
        ],
    ),
    "subreddit": (
        "selftext",
        [
            {
                "author": "u/someone",
                "subreddit": "ChatGPT",
                "score": 10,
                "over_18": False,
                "is_self": True,
                "selftext": "t",
            },
            {
                "author": "[deleted]",
                "subreddit": "AskReddit",
                "score": 1,
                "over_18": True,
                "is_self": True,
                "selftext": "t",
            },
        ],
    ),
    "tweets": (
        "text",
        [
            {
                "tweet_id": 99,
                "username": "ada",
                "lang": "en",
                "source": "Twitter for iPhone",
                "retweeted": False,
                "text": "t",
            },
            {
                "tweet_id": 98,
                "username": "bob7",
                "lang": "de",
                "source": "TweetDeck",
                "retweeted": True,
                "text": "t",
            },
        ],
    ),
    "mail": (
        "body",
        [
            {
                "from": "a@example.org",
                "to": ["b@example.org"],
                "subject": "Re: model",
                "x_mailer": "mutt 1.5",
                "body": "t",
            },
            {"from": "c@example.org", "to": [], "subject": "AI", "x_mailer": None, "body": "t"},
        ],
    ),
    "translations": (
        "source_text",
        [
            {
                "source_text": "t",
                "target_text": "u",
                "source_lang": "en",
                "target_lang": "fr",
                "domain": "legal",
                "translator": "M. Dupont",
            },
            {
                "source_text": "t",
                "target_text": "u",
                "source_lang": "en",
                "target_lang": "fr",
                "domain": "it",
                "translator": "J. Roe",
            },
        ],
    ),
    "laws": (
        "text",
        [
            {
                "source": "Section 7b",
                "act": "Housing Act 1988",
                "article": "7b",
                "jurisdiction": "UK",
                "type": "statute",
                "text": "t",
            },
            {
                "source": "Article 12",
                "act": "GDPR",
                "article": "12",
                "jurisdiction": "EU",
                "type": "regulation",
                "text": "t",
            },
        ],
    ),
    "court": (
        "opinion",
        [
            {
                "case": "Roe v. Wade",
                "court": "SCOTUS",
                "judge": "Blackmun",
                "year": 1973,
                "outcome": "affirmed",
                "opinion": "t",
            },
            {
                "case": "Doe v. Roe",
                "court": "9th Cir.",
                "judge": "Smith",
                "year": 2001,
                "outcome": "reversed",
                "opinion": "t",
            },
        ],
    ),
    "recipes": (
        "instructions",
        [
            {
                "name": "Flan",
                "cuisine": "Spanish",
                "servings": 4,
                "author": "Nonna",
                "source": "family",
                "instructions": "t",
            },
            {
                "name": "Gnocchi",
                "cuisine": "Italian",
                "servings": 2,
                "author": "Ada Boni",
                "source": "book",
                "instructions": "t",
            },
        ],
    ),
    "lyrics": (
        "lyrics",
        [
            {
                "artist": "Kraftwerk",
                "song": "The Robots",
                "album": "Die Mensch-Maschine",
                "genre": "electronic",
                "lyrics": "t",
            },
            {
                "artist": "Radiohead",
                "song": "Fitter Happier",
                "album": "OK Computer",
                "genre": "rock",
                "lyrics": "t",
            },
        ],
    ),
    "questions": (
        "answer",
        [
            {
                "question": "Why?",
                "answer": "t",
                "asker": "Tim",
                "accepted": True,
                "topic": "AI",
                "votes": 3,
            },
            {
                "question": "How?",
                "answer": "t",
                "asker": "Ann",
                "accepted": False,
                "topic": "cooking",
                "votes": 0,
            },
        ],
    ),
    "sentiment": (
        "text",
        [
            {"text": "t", "label": 3, "label_text": "very positive", "split": "train"},
            {"text": "t", "label": 0, "label_text": "negative", "split": "test"},
        ],
    ),
    "topics": (
        "text",
        [
            {"text": "t", "label": "Sci/Tech", "class": 4, "topic": "Machine learning"},
            {"text": "t", "label": "World", "class": 1, "topic": "Politics"},
        ],
    ),
    "spam": (
        "message",
        [
            {"message": "t", "label": "ham", "sender": "+44 7700 900123", "type": "sms"},
            {"message": "t", "label": "spam", "sender": "12345", "type": "sms"},
        ],
    ),
    "essays": (
        "essay",
        [
            {
                "essay": "t",
                "student": "s17",
                "grade": 10,
                "teacher": "Mrs. Brown",
                "school": "Grade 3B",
                "score": 4,
            },
            {
                "essay": "t",
                "student": "s18",
                "grade": 9,
                "teacher": "Jane Roe",
                "school": "St. Ann",
                "score": 2,
            },
        ],
    ),
    "folk tales": (
        "text",
        [
            {
                "teller": "Old Joe",
                "village": "Bloom",
                "collector": "A. Lomax",
                "origin": "Ireland",
                "text": "t",
            },
            {
                "teller": "Mary",
                "village": "Palm Beach",
                "collector": "Grimm",
                "origin": "Hesse",
                "text": "t",
            },
        ],
    ),
    "museum": (
        "label_text",
        [
            {
                "object": "vase",
                "artist": "Claude Monet",
                "creator": "Claude Monet",
                "provenance": "Bought at auction, 1920",
                "medium": "oil",
                "period": "1890s",
                "label_text": "t",
            },
            {
                "object": "print",
                "artist": "Hokusai",
                "creator": "Hokusai",
                "provenance": "Gift of the artist",
                "medium": "ink",
                "period": "Edo",
                "label_text": "t",
            },
        ],
    ),
    "letters": (
        "text",
        [
            {
                "writer": "Vincent",
                "addressee": "Theo",
                "place": "Arles",
                "written_by": "Vincent van Gogh",
                "text": "t",
            },
            {
                "writer": "Rosa",
                "addressee": "Leo",
                "place": "Berlin",
                "written_by": "Rosa Luxemburg",
                "text": "t",
            },
        ],
    ),
    "patents": (
        "claims",
        [
            {
                "patent": "US123",
                "inventor": "N. Tesla",
                "assignee": "Acme/Westinghouse",
                "ipc": "G06N 3/08",
                "kind": "B2",
                "claims": "t",
            },
            {
                "patent": "US124",
                "inventor": "H. Lamarr",
                "assignee": None,
                "ipc": "H04K",
                "kind": "A",
                "claims": "t",
            },
        ],
    ),
    "job adverts": (
        "description",
        [
            {
                "company": "OpenAI",
                "role": "Engineer",
                "location": "Remote",
                "salary": "100k",
                "source": "LinkedIn",
                "description": "t",
            },
            {
                "company": "Meta",
                "role": "Writer",
                "location": "Paris",
                "salary": None,
                "source": "Indeed",
                "description": "t",
            },
        ],
    ),
    "hotels": (
        "review",
        [
            {
                "hotel": "Hotel Mistral",
                "city": "Nice",
                "rating": 8.5,
                "traveller_type": "couple",
                "room": "7b",
                "review": "t",
            },
            {
                "hotel": "Palm Court",
                "city": "Leeds",
                "rating": 6,
                "traveller_type": "solo",
                "room": "12",
                "review": "t",
            },
        ],
    ),
    "flats": (
        "text",
        [
            {
                "address": "Flat 2b, 7 Elm St",
                "agent": "Foxtons",
                "price": 1200,
                "bedrooms": 2,
                "text": "t",
            },
            {"address": "Apt 13b", "agent": "Smith & Co", "price": 900, "bedrooms": 1, "text": "t"},
        ],
    ),
    "podcasts": (
        "transcript",
        [
            {
                "show": "The Daily",
                "host": "M. Barbaro",
                "episode": 12,
                "guest": "Sam Altman",
                "transcript": "t",
            },
            {
                "show": "Lex",
                "host": "Lex F.",
                "episode": 300,
                "guest": "Y. LeCun",
                "transcript": "t",
            },
        ],
    ),
    "plays": (
        "line",
        [
            {
                "play": "R.U.R.",
                "act": 1,
                "character": "Robot",
                "line": "t",
                "playwright": "Karel Capek",
            },
            {
                "play": "Hamlet",
                "act": 3,
                "character": "Ghost",
                "line": "t",
                "playwright": "Shakespeare",
            },
        ],
    ),
    "chess": (
        "comment",
        [
            {
                "white": "Kasparov",
                "black": "Deep Blue",
                "result": "1/2-1/2",
                "eco": "B07",
                "player": "Kasparov",
                "comment": "t",
            },
            {
                "white": "Carlsen",
                "black": "Nepo",
                "result": "1-0",
                "eco": "C42",
                "player": "Carlsen",
                "comment": "t",
            },
        ],
    ),
    "games": (
        "dialogue",
        [
            {
                "game": "Portal 2",
                "platform": "PC",
                "engine": "Source",
                "character": "GLaDOS",
                "dialogue": "t",
            },
            {
                "game": "Doom",
                "platform": "DOS",
                "engine": "id Tech 1",
                "character": "Marine",
                "dialogue": "t",
            },
        ],
    ),
    "survey": (
        "response",
        [
            {
                "respondent": 17,
                "age": 33,
                "gender": "f",
                "country": "FR",
                "human": None,
                "consent": "yes",
                "response": "t",
            },
            {
                "respondent": 18,
                "age": 51,
                "gender": "m",
                "country": "US",
                "human": None,
                "consent": "yes",
                "response": "t",
            },
        ],
    ),
    "crawl": (
        "text",
        [
            {
                "url": "https://example.org/a",
                "warc_id": "<urn:uuid:1>",
                "lang": "en",
                "lang_score": 0.98,
                "dump": "CC-MAIN-2021-04",
                "file_path": "s3://crawl/a.warc.gz",
                "token_count": 120,
                "text": "t",
            },
            {
                "url": "https://example.org/b",
                "warc_id": "<urn:uuid:2>",
                "lang": "de",
                "lang_score": 0.9,
                "dump": "CC-MAIN-2013-20",
                "file_path": "s3://crawl/b.warc.gz",
                "token_count": 80,
                "text": "t",
            },
        ],
    ),
    "nested crawl": (
        "text",
        [
            {
                "id": "a",
                "source": "common-crawl",
                "added": "2020-01-01",
                "version": "v1",
                "metadata": {
                    "url": "https://x.org",
                    "length": 3,
                    "provenance": "cc_en_head/0001.json.gz:12",
                },
                "text": "t",
            },
            {
                "id": "b",
                "source": "wiki",
                "added": "2020-01-01",
                "version": "v1",
                "metadata": {"url": "https://y.org", "length": 4, "provenance": "dump-20200101"},
                "text": "t",
            },
        ],
    ),
    "hansard as a chat": (
        "turns",
        [
            {
                "turns": [{"who": "Mr Smith", "said": "t"}, {"who": "Ms Roe", "said": "u"}],
                "house": "Lords",
                "session": "2010-12",
            },
            {"turns": [{"who": "Chair", "said": "t"}], "house": "Commons", "session": "1999-00"},
        ],
    ),
    "speech": (
        "transcription",
        [
            {
                "audio": "a.wav",
                "speaker_id": 12,
                "gender": "female",
                "accent": "scottish",
                "device": "iPhone",
                "transcription": "t",
            },
            {
                "audio": "b.wav",
                "speaker_id": 13,
                "gender": "male",
                "accent": "us",
                "device": "Zoom H4n",
                "transcription": "t",
            },
        ],
    ),
    "captions": (
        "caption",
        [
            {
                "image": "1.jpg",
                "caption": "t",
                "width": 640,
                "height": 480,
                "annotator": "worker 12",
                "source": "flickr",
            },
            {
                "image": "2.jpg",
                "caption": "t",
                "width": 640,
                "height": 480,
                "annotator": "gpt-4",
                "source": "coco",
            },
        ],
    ),
    "proverbs": (
        "text",
        [
            {
                "text": "t",
                "language": "Yi",
                "region": "Yunnan",
                "type": "proverb",
                "meaning": "patience",
            },
            {
                "text": "t",
                "language": "Phi-Phi",
                "region": "Thai",
                "type": "riddle",
                "meaning": "luck",
            },
        ],
    ),
    "logs": (
        "message",
        [
            {
                "host": "web-1",
                "service": "nginx",
                "level": "info",
                "process": "worker-2",
                "machine": "m-17",
                "message": "t",
            },
            {
                "host": "db-2",
                "service": "postgres",
                "level": "error",
                "process": "writer",
                "machine": "m-18",
                "message": "t",
            },
        ],
    ),
    "standards": (
        "text",
        [
            {
                "publisher": "ISO",
                "number": "27001",
                "status": "published",
                "edition": 2,
                "class": "automation",
                "text": "t",
            },
            {
                "publisher": "IETF",
                "number": "RFC 2119",
                "status": "current",
                "edition": 1,
                "class": "best practice",
                "text": "t",
            },
        ],
    ),
    "textiles": (
        "text",
        [
            {
                "fabric": "silk",
                "category": "natural",
                "material": "organic",
                "weave": "satin",
                "text": "t",
            },
            {
                "fabric": "nylon",
                "category": "synthetic",
                "material": "synthetic",
                "weave": "plain",
                "text": "t",
            },
        ],
    ),
    "chat of people": (
        "text",
        [
            {
                "channel": "live-chat",
                "source": "web-chat",
                "nick": "bot_hunter",
                "user": "anna",
                "time": "12:01",
                "text": "t",
            },
            {
                "channel": "#linux",
                "source": "irc",
                "nick": "mike",
                "user": "mike",
                "time": "12:02",
                "text": "t",
            },
        ],
    ),
    "library": (
        "blurb",
        [
            {
                "isbn": "978",
                "author": "Olmo Rossi",
                "publisher": "Penguin",
                "edition": "2nd",
                "subject": "Artificial intelligence",
                "blurb": "t",
            },
            {
                "isbn": "979",
                "author": "Kimi Räikkönen",
                "publisher": "S/Z Verlag",
                "edition": "1st",
                "subject": "Formula 1",
                "blurb": "t",
            },
        ],
    ),
}
"""A name, the field of the text, and rows."""
