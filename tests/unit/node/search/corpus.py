"""A small town's posts in several languages, and what a person who reads them all would call the right answers.

Each post: a key, its language, the author, its age in days, likes, and its text. A query is judged by the posts that
must be found, those that must not, and, where it matters, which come first.
"""

from dataclasses import dataclass, field

POSTS = """
bread1|en|ann|1|3|Baked sourdough bread this morning. The crust sings when it cools. #baking
bread2|en|bob|40|25|My sourdough starter is ten years old today. Here is how I feed it, step by step. #sourdough
bread3|en|cleo|3|0|Anyone else's bread refusing to rise in this cold kitchen?
bread4|en|ann|200|2|Bread and butter pudding, my grandmother's recipe
bread5|en|dan|2|1|The new bakery on Mill Street is open. Croissants before eight!
bread6|en|eve|400|90|How to bake a loaf with four ingredients: flour, water, salt, patience
cat1|en|bob|0|12|The cat has decided that my keyboard is a bed
cat2|en|cleo|5|2|Two cats, one box. You can guess how that went. #CatsOfTheFediverse
cat3|en|eve|30|44|Adopted a shelter cat today. Her name is Biscuit #cats
cat4|en|dan|7|0|Category theory reading group meets on Thursday
cat5|en|ann|60|1|Caterpillars have eaten all my cabbages
dog1|en|dan|1|5|Walked the dog around the lake before breakfast
dog2|en|bob|9|3|Dogs welcome at the library now, if they are quiet readers
dog3|en|eve|15|0|Hot dogs at the fair on Saturday
lake1|en|cleo|2|8|Swimming in the lake at sunrise, nobody else but two herons
lake2|en|ann|90|4|The lake froze overnight. Do not walk on it yet!
lake3|en|eve|4|1|Lakeside concert moved to the town hall because of the rain
run1|en|dan|0|2|Ran ten kilometres along the river. Running in the rain is underrated.
run2|en|cleo|20|6|First marathon in spring: which running shoes do you like?
run3|en|bob|3|0|The washing machine runs on its own schedule
run4|en|eve|12|1|Who runs the town website? The events page is broken
garden1|en|ann|6|7|Planted tulips and daffodils in the garden. See you in April! #gardening
garden2|en|cleo|33|5|Gardeners: what keeps slugs away from lettuce?
garden3|en|dan|100|11|A community garden behind the station, plots from the first of May #CommunityGarden
garden4|en|bob|8|0|Kindergarten starts again on Monday
tax1|en|eve|10|2|The council wants to raise the parking tax
tax2|en|ann|50|0|Taxi rank moved to the east side of the station
train1|en|bob|1|15|No trains to the city this weekend, buses instead. Allow forty minutes more.
train2|en|dan|14|3|Training for new volunteers at the food bank on Wednesday
train3|en|cleo|80|2|The night train to Vienna is back, and it is lovely
train4|en|eve|2|0|Model train exhibition in the town hall, children free
bike1|en|ann|4|9|New bike lane on Mill Street! Mind the parked vans.
bike2|en|cleo|16|1|Someone took my bicycle from the station, blue frame, torn saddle. Please keep an eye out.
bike3|en|bob|70|6|Repair café on Sunday: bring your bike, toaster or trousers
book1|en|eve|3|4|Finished The Left Hand of Darkness. Book club on Friday?
book2|en|dan|25|2|Looking for a book about the history of bridges
book3|en|ann|11|0|I booked the hall for the choir
choir1|en|cleo|5|3|The choir sings Fauré's Requiem in November, tenors wanted
py1|en|bob|2|18|Python 3.14 is out. The new interpreter is noticeably faster #python #OpenSource
py2|en|dan|18|4|Saw a python at the zoo. Very long, very asleep.
py3|en|eve|120|30|Writing an ActivityPub server in Python, week one https://blog.example.org/activitypub-week-one
py4|en|ann|6|1|C++ or Rust for a small embedded project?
link1|en|cleo|1|2|Good read on moderation: https://www.example.com/essays/small-servers
link2|en|dan|22|0|Our station timetable as open data https://data.example.net/stations.csv
fed1|en|bob|4|21|Small servers need moderators who know their neighbours #fediverse
fed2|en|eve|13|6|Moved servers today, followers came along. The fediverse works.
vote1|en|ann|2|5|Vote on the new playground: swings or a climbing wall?
rain1|en|dan|0|1|Rain. Rain again. More rain tomorrow.
rain2|en|cleo|45|2|Rainbow over the mill after the storm
storm1|en|eve|1|33|Storm warning for tonight: take in your flower pots, stay away from the forest
storm2|en|bob|365|12|A year since the great storm took the old oak
market1|en|ann|3|6|Farmers market every Saturday, eight to noon, on the square
market2|en|cleo|10|1|Stock market jitters everywhere, the farmers market stays calm
music1|en|dan|8|9|Open mic at the Crown, bring your guitar or your poems
music2|en|eve|55|3|Violin teacher for a seven-year-old wanted
tea1|en|bob|2|2|Tea or coffee? Asking for a meeting of twelve
tea2|en|cleo|28|4|Teapot with a chipped spout, free to a good home
tea3|en|ann|12|8|The best green tea in town is at the flower shop, of all places
ice1|en|dan|6|14|Ice cream van back on Mill Street!
ice2|en|eve|95|1|Black ice on the bridge this morning, three cars in the ditch
lost1|en|ann|0|7|Lost: grey parrot, answers to Captain, last seen near the mill
found1|en|bob|0|3|Found a set of keys by the lake, red ribbon
brot1|de|fritz|2|4|Heute Roggenbrot gebacken, das ganze Haus duftet #Backen
brot2|de|greta|20|2|Wer hat ein Rezept für glutenfreies Brot?
haus1|de|fritz|5|1|Wir suchen ein kleines Haus mit Garten
haus2|de|greta|60|9|Alte Häuser in der Mühlgasse werden saniert
rad1|de|fritz|1|6|Die neuen Fahrradständer am Bahnhof sind schon voll
rad2|de|greta|15|0|Radfahren im Regen macht mir nichts aus
zug1|de|fritz|3|11|Kein Zug nach München am Wochenende, nur Busse
katze1|de|greta|4|8|Unsere Katze schläft auf der Heizung
katze2|de|fritz|33|2|Zwei Kätzchen suchen ein Zuhause
wetter1|de|greta|0|1|Schönes Wetter heute, endlich!
strasse1|de|fritz|12|3|Die Straße am Fluss ist gesperrt
mueller1|de|greta|7|0|Müller sucht Lehrling, Ausbildung ab August
pain1|fr|helene|2|3|Le boulanger fait un pain aux noix extraordinaire
pain2|fr|igor|40|1|J'ai mal au dos, quelle douleur
cheval1|fr|helene|6|5|Les chevaux du manège sont sortis dans le pré
cheval2|fr|igor|18|2|Un cheval s'est échappé près du lac
ete1|fr|helene|100|7|Cet été nous irons à la mer, à Saint-Malo
avion1|fr|igor|9|0|L'avion pour Lisbonne est en retard
cafe1|fr|helene|1|4|Un café en terrasse, enfin
pan1|es|juan|3|2|Pan recién hecho y aceite de oliva
correr1|es|luz|5|6|Corriendo por la playa al amanecer
correr2|es|juan|25|1|Ella corre todos los días antes del trabajo
nino1|es|luz|8|3|Los niños juegan en la plaza
manana1|es|juan|0|0|Mañana hay mercado en el barrio
ciudad1|es|luz|50|9|Las ciudades pequeñas también tienen teatro
libro1|pt|marta|4|2|Estou a ler um livro sobre navegadores
livros2|pt|marta|30|5|Os livros da biblioteca estão de volta
kniga1|ru|nina|2|4|Купила новую книгу о море
kniga2|ru|oleg|15|1|Книги лежат на столе
gorod1|ru|nina|9|3|В нашем городе открылся театр
tokyo1|ja|rei|1|10|東京タワーの夜景がきれいだった
tokyo2|ja|sora|14|2|来週、東京へ出張です
kyoto1|ja|rei|30|7|京都の紅葉は今が見頃 #紅葉
neko1|ja|sora|3|20|うちの猫は箱が大好き
inu1|ja|rei|6|4|犬と公園を散歩した
beijing1|zh|wei|2|6|北京的秋天很美
shanghai1|zh|lan|11|3|上海图书馆周末开放
seoul1|ko|min|4|5|서울에서 친구를 만났어요
kimchi1|ko|jun|8|9|김치찌개 만드는 법
thai1|th|kan|5|2|วันนี้อากาศดีมาก
greek1|el|eleni|7|1|Καλημέρα από την Αθήνα
hindi1|hi|arun|3|4|आज मौसम बहुत अच्छा है
arab1|ar|noor|6|2|قرأت كتابا جميلا عن البحر
brod1|sv|ola|2|1|Nybakat bröd och starkt kaffe
huis1|nl|piet|4|2|De huizen aan de gracht zijn oud
talo1|fi|aino|9|3|Pieni talo järven rannalla
polish1|pl|ewa|5|2|Łódź jest piękna wiosną
turkish1|tr|can|3|1|İstanbul'da kar yağıyor
emoji1|en|ann|1|6|Happy birthday to the library 🎂🎉
emoji2|en|bob|2|0|🐸 on the doorstep again
blm1|en|cleo|10|40|March for justice starts at the square at noon #BlackLivesMatter
usa1|en|cleo|6|1|The U.S.A. has more public libraries than branches of any burger chain
csharp1|en|dan|9|2|C# or F# for a first functional language?
selfhost1|en|eve|5|1|Self-hosting my own mail was a mistake, but it is mine
dom1|de|fritz|8|2|Heute geschlossen #KölnerDom
amt1|de|greta|9|3|Frau Mueller vom Amt war sehr hilfsbereit
wohnung1|en|greta|4|0|Wohnhäuser und Häuser zu vermieten, drei Zimmer, Küche und Bad
ete2|fr|igor|3|2|Il fait encore chaud #ÉtéIndien
toshokan1|ja|rei|9|1|新しいカードを作った #京都図書館2026
hindi2|hi|arun|12|1|मुझे हिंदी किताबें पसंद हैं और हवा ख़राब है
arab2|ar|noor|9|1|قهوه الصباح في المدرسة
irmak1|tr|can|6|0|IRMAK KENARINDA KAHVALTI
idn1|en|bob|8|0|All of it at https://xn--mller-kva.example/plan and www.notices.example
spam1|en|spam|0|0|parrot parrot parrot parrot parrot parrot parrot parrot buy click buy
dont1|en|dan|3|1|Don't forget: clocks go back on Sunday
email1|en|eve|6|2|The council's e-mail list is down, use the notice board
long1|en|bob|21|0|Minutes of the residents meeting: parking, bins, the mill race, the lake path, bread van, dogs, noise
kueche1|de|fritz|200|0|Die Küche wird im Mai gestrichen
kuchen1|de|greta|0|30|Kuchen für alle im Rathaus
kuchen2|de|fritz|90|1|Ein Kuchen ohne Mehl
togikai1|ja|sora|0|12|東京都の選挙は日曜日です
softlib1|es|juan|0|25|Taller de software libre en la biblioteca
libro2|es|luz|120|1|Busco un libro sobre faros
who1|en|cleo|6|2|The WHO calls the outbreak over
link3|en|dan|7|1|Set aside an hour for this one https://youtu.be/x81
sea1|en|ann|2|3|The sea was rough and the ferry stayed in port
""".strip()

CW = {"storm1": "weather, safety", "ice2": "accident"}
CARDS = {"link3": ("Whale song from a kayak", "Forty minutes of humpbacks")}
ALT = {"cat1": "A tabby cat asleep on a laptop", "garden1": "Bulbs in a wooden crate", "tokyo1": "Tokyo Tower at night"}


@dataclass(frozen=True)
class Judged:
    """A query, what it must find, what it must not, and what comes first (in this order)."""

    query: str
    finds: str
    never: str = ""
    first: str = ""
    only: bool = False
    """Nothing but `finds`."""
    language: str = field(default="en")


QUERIES = [
    Judged("bread", "bread1 bread3 bread4 long1", "bread5 brot1", "bread1"),
    Judged("sourdough", "bread1 bread2", "bread3", only=True),
    Judged("baking bread", "bread1", "bread4", only=True),
    Judged("bake", "bread1 bread6", "bread5"),
    Judged("cat", "cat1 cat2 cat3", "cat4 cat5", "cat1"),
    Judged("cats", "cat1 cat2 cat3", "cat4 cat5"),
    Judged('"two cats"', "cat2", "katze2", only=True),
    Judged("tabby", "cat1", only=True),
    Judged("fediverse", "fed1 fed2 cat2", "", "fed1"),
    Judged("#cats", "cat3", "cat2 cat1", only=True),
    Judged("dog -hot", "dog1 dog2 long1", "dog3"),
    Judged("lake", "lake1 lake2 dog1 found1 long1", "lake3"),
    Judged("lake swimming", "lake1", "lake2", "lake1", only=True),
    Judged("frozen OR froze", "lake2", "ice1", only=True),
    Judged("running", "run1 run2 run3 run4", "", "run1"),
    Judged("running shoes", "run2", "run1", only=True),
    Judged("garden", "garden1 garden3", "garden4 fritz", "garden1"),
    Judged("gardening", "garden1", "garden4"),
    Judged("community garden", "garden3", "garden1", "garden3", only=True),
    Judged("tax", "tax1", "tax2", only=True),
    Judged("train", "train1 train3 train4", "", ""),
    Judged("trains city", "train1", "train3", only=True),
    Judged("train* vienna", "train3", only=True),
    Judged("(bike OR bicycle) station", "bike2", "bike1 link2", only=True),
    Judged('"mill street"', "bread5 bike1 ice1", "lost1 rain2", only=True),
    Judged("repair cafe", "bike3", "cafe1", only=True),
    Judged("book club", "book1", "book2", only=True),
    Judged("books", "book1 book2", "livros2"),
    Judged("Requiem", "choir1", only=True),
    Judged("Faure", "choir1", only=True),
    Judged("python", "py1 py2 py3", "", "py1"),
    Judged("#python", "py1", "py2", only=True),
    Judged("opensource", "py1", only=True),
    Judged("open source", "py1", "link2"),
    Judged("3.14", "py1", only=True),
    Judged("activitypub", "py3", only=True),
    Judged("C++", "py4", only=True),
    Judged("example.org", "py3", "link1", only=True),
    Judged("example.com", "link1", "py3", only=True),
    Judged("stations.csv", "link2", only=True),
    Judged("rain", "rain1 run1 lake3", "rain2", "rain1"),
    Judged("storm", "storm1 storm2 rain2", "", "storm1"),
    Judged("safety", "storm1", only=True),
    Judged('"farmers market"', "market1 market2", "", "market1", only=True),
    Judged("market -stock", "market1", "market2"),
    Judged("green tea", "tea3", "tea1", only=True),
    Judged("tea OR coffee", "tea1 tea3", "tea2", "tea1"),
    Judged("ice cream", "ice1", "ice2", only=True),
    Judged("lives", "blm1", only=True),
    Judged("black lives matter", "blm1", "ice2", only=True),
    Judged("blacklivesmatter", "blm1", only=True),
    Judged("don't forget", "dont1", only=True),
    Judged("email", "email1", only=True),
    Judged("🎂", "emoji1", only=True),
    Judged("frog OR 🐸", "emoji2", only=True),
    Judged("mill lake bread", "long1", "lost1", only=True),
    Judged("Brot", "brot2", "bread1 brod1", language="de"),
    Judged("roggen*", "brot1", only=True, language="de"),
    Judged("Häuser", "haus1 haus2 brot1 wohnung1", only=True, language="de"),
    Judged("hauser", "haus2", language="de"),
    Judged("Strasse", "strasse1", only=True, language="de"),
    Judged("Katzen", "katze1", "cat1", language="de"),
    Judged("munchen", "zug1", only=True, language="de"),
    Judged("muller", "mueller1", language="de"),
    Judged("Busse lang:de", "zug1", "train1", only=True, language="de"),
    Judged("cheval", "cheval2 cheval1", language="fr"),
    Judged("ete", "ete1 ete2", only=True, language="fr"),
    Judged("avion", "avion1", only=True, language="fr"),
    Judged("saint-malo", "ete1", only=True, language="fr"),
    Judged("café", "cafe1 bike3", language="fr"),
    Judged("correr", "correr1 correr2", language="es"),
    Judged("niño", "nino1", only=True, language="es"),
    Judged("manana", "manana1", only=True, language="es"),
    Judged("ciudad", "ciudad1", only=True, language="es"),
    Judged("livro", "libro1 livros2", only=True, language="pt"),
    Judged("книга", "kniga1 kniga2", only=True, language="ru"),
    Judged("город", "gorod1", only=True, language="ru"),
    Judged("東京", "tokyo1 tokyo2 togikai1", "kyoto1", only=True),
    Judged("東京タワー", "tokyo1", "tokyo2", only=True),
    Judged("京都", "kyoto1 toshokan1 togikai1", "tokyo1", only=True),
    Judged("猫", "neko1", "inu1", only=True),
    Judged("#紅葉", "kyoto1", only=True),
    Judged("北京", "beijing1", only=True),
    Judged("图书馆", "shanghai1", only=True),
    Judged("서울", "seoul1", only=True),
    Judged("김치", "kimchi1", only=True),
    Judged("อากาศ", "thai1", only=True),
    Judged("αθηνα", "greek1", only=True),
    Judged("मौसम", "hindi1", only=True),
    Judged("كتاب", "arab1", only=True, language="ar"),
    Judged("brod", "brod1", only=True),
    Judged("huizen", "huis1", only=True, language="nl"),
    Judged("lodz", "polish1", only=True),
    Judged("istanbul", "turkish1", only=True),
    Judged("from:ann tea", "tea3", "tea1", only=True),
    Judged("station has:link", "link2", only=True),
    Judged("lang:ja", "togikai1 tokyo1 tokyo2 kyoto1 neko1 inu1 toshokan1", only=True),
    Judged("min_likes:40", "bread6 cat3 blm1", only=True),
    Judged("storm since:30d", "storm1", "storm2", only=True),
    Judged("storm before:30d", "storm2 rain2", "storm1", only=True),
    Judged("storm has:image", "", "storm1", only=True),
    Judged("tower has:image", "tokyo1", only=True),
    Judged("usa libraries", "usa1", only=True),
    Judged("C#", "csharp1", only=True),
    Judged("self-host", "selfhost1", only=True),
    Judged("the history of the bridges", "book2", only=True),
    Judged("kölner dom", "dom1", only=True),
    Judged("Müller", "mueller1 amt1 idn1", only=True, language="de"),
    Judged("Haus Küche", "wohnung1", only=True, language="de"),
    Judged("indien", "ete2", only=True, language="fr"),
    Judged("図書館", "toshokan1", only=True),
    Judged("हिन्दी", "hindi2", only=True),
    Judged("खराब", "hindi2", only=True),
    Judged("قهوة المدرسه", "arab2", only=True, language="ar"),
    Judged("ırmak", "irmak1", only=True),
    Judged("müller.example", "idn1", only=True),
    Judged("www.notices.example", "idn1", only=True),
    Judged("книга", "kniga1 kniga2", only=True),
    Judged("parrot", "lost1 spam1", first="lost1", only=True),
    Judged("Küche", "kueche1 wohnung1", first="wohnung1 kueche1", language="de"),
    Judged("Kuchen", "kuchen1 kuchen2", first="kuchen1 kuchen2", language="de"),
    Judged("libros", "libro2", first="libro2", language="es"),
    Judged("kyoto OR 京都", "kyoto1 toshokan1 togikai1", first="toshokan1 kyoto1 togikai1", only=True),
    Judged("WHO", "who1", only=True),
    Judged("whale song", "link3", only=True),
    Judged("humpbacks", "link3", only=True),
    Judged("what is the best way to feed a sourdough starter?", "bread2", only=True),
    Judged("from: ann tea", "tea3", only=True),
    Judged("sourdogh", "bread1 bread2", only=True),
    Judged("farmrs market", "market1 market2", only=True),
    Judged("recieve", "", only=True),
    Judged("green tea flower bridge", "tea3", only=True),
    Judged("sourdough marathon", "", only=True),
    Judged("night train lisbon -vienna", "", only=True),
    Judged("fro*", "lake2 bike2", "cat1 dog1"),
]
