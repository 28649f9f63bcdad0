"""1,024 English words to be spoken and heard, 10 bits each: four for a code, six for comparing two sides.

Any two differ in how they sound by two phonemes or more, as well as in how they are spelled; the first four letters
tell a word, and none begins another, so that words that were written without spaces are read alike.
"""

import hashlib

_LIST = """
aboard acorn acrobat acrylic active actor adapt address admiral adobe adult advance agenda agile airport alarm album
alcove alert algebra alien allow almond alpaca alphabet alpine ambush amulet anatomy anchor android angel angle
animal answer antenna anthem antler anvil apex apple apricot apron aquatic arcade archer arctic arena arise armchair
around arrow artist ashore aspen athlete atlas atomic attic auburn august autumn avenue aviator avocado award awning
backpack badge bagel baker balance balcony ballad bamboo banana bandage banjo barber bargain barley barrel baseball
basket bathtub battery bazooka beacon beaver bedroom beehive beeswax bench benefit beverage binder biology birthday
bison black blanket blazer blender blimp blossom blotter bluebird blush boarding bobcat bobsled bonfire bonnet
bonsai bonus border bottom bounce bowler boxer bracelet brain bramble bravery breeze brick bridge bright brocade
bronze broom brother brownie bubble bucket budget builder bulldog bumper bundle bushel butler button cabbage cabin
cable cactus cadence cage calcium calendar camel canal canteen captain caravan carbon cardinal cargo carpet cartoon
cascade cashmere casino castle casual catnip catwalk cavalry cavern cedar celery cement chain chalk champion channel
chapter chart cheddar cheese cherry chestnut chicken child chimney chipmunk chisel chowder chrome church chutney
cider cinema circle citizen citrus clarity classic cleaner clever cliff cloak cloves cluster coach cobalt cobweb
cockpit coconut coffee column comedy comic compass comrade concert confetti conifer contest copper copycat corduroy
corner cosmos cougar coupon cover cowboy coyote cradle craft crater crayon create credit cricket crimson crossing
crouton crowd crumb crust crystal cuckoo cucumber curtain curve cushion custard cutlery cycle daffodil daisy darling
datebook daylight dazzle deadbolt decade december denim dentist design desktop detail device dewdrop diagram dial
diamond diary digital dignity dimple dinner diploma dispatch dolphin domain domino donkey doorbell dragon drama
drapery drawer dream dresser drizzle drummer duckling dugout dungeon dustpan dynamo eager eagle earlobe earmuff
earring earth eastern eclipse edible edifice edition eggplant eggshell elastic elbow elder electric element elevator
embark ember emblem emerald emotion emperor enamel energy engine envelope envoy episode equator evening expert
eyesight fabric factory falcon family famous fandango fanfare fantasy farmland fashion feather fedora feedback
fennel ferment ferryman festival fidget field fiesta filter finch finger firefly fishing flagpole flamingo flannel
flapjack flask flatbed fleet flexible flint flipper float flock floor flotilla flounder foghorn folder folklore
football force forest fork fortress fossil fountain foxhound frame freckle fresh friend frigate frontier frost
frozen fruit furlong furnace gadget galaxy gallery garage garden garlic garment garnet gateway gather gazebo gecko
gemstone giant gibbon gift giggle gimlet giraffe glacier glass gleam glide glimmer global glove glucose gobble
goblet godwit goggles golden gondola goose gorge gosling graduate granite grape gravel green gremlin grid grocery
grotto grouse guard guitar gumdrop guppy gutter hairpin halfpipe hallway hamlet hammer hamster handle happy hardware
harmony harvest hatchet haven havoc hazelnut headband helium helmet hermit hero hexagon hickory highway hiking
hilltop hinge history hobby hobnail holiday hollow honey hoodie horizon hornet horseman hospital hotel hubcap huddle
human husky hydrant iceberg icicle igloo iguana impala indigo indoor inland insect ironing jackal jaguar jamboree
jasmine javelin jazz jelly jersey jetpack jigsaw jockey jogger joker journal judge juggler jukebox jumbo junction
juniper jury kangaroo kayak keepsake ketchup kettle keyboard keyhole kickoff kimono kingdom kinship kitchen kiwi
kneecap koala ladder ladybug landmark lantern laptop larch layer leaflet ledger legend legroom lemon lentil leopard
lettuce liberty library lifeboat lilac limpet linen lobster locket locust lodge logic lollipop lotion lounge lowland
lullaby lunch luxury macaroni machine magenta magic magnet magpie mailbox mallet manager mandolin mansion manual
maple marathon marble marigold market marmot mascara master matador matchbox mayfly meadow medicine melody memory
mercury mermaid message midnight mimic mineral miracle mirror mistral mixture mobile moccasin model module mohair
molasses monarch monitor monument motorway mouse movie mudflat muffin mug mulberry mummy museum mushroom music
musket muslin mustang napkin nectar needle neptune network nickel nightcap nimble ninja nitrogen nomad notebook
november nozzle nugget nursery nuthatch nutmeg oasis oatcake oatmeal obelisk octagon october olive olympic onion
opening option orbit orchard organ osprey ostrich otter ottoman outback outfit outpost overcoat oxen oxtail oxygen
oyster ozone pacific package paddle padlock painter palace palm pancake panda panorama pansy panther papaya paper
papyrus parade parcel parody parrot parsnip partner passport pasta pathway patio pattern peacock peanut pebble
pedestal pelican pencil penguin penknife pepper pergola petrol pewter phone photo piano piccolo picnic picture
piglet pilgrim pillow pilot pinball pinecone pioneer piston pizza planet plaster platinum plaza plinth plumber
plywood podium polish polka pollen popcorn popover poppy portrait postcard potato pothole pottery pouch pound powder
prelude pretzel prime princess prong prospect pudding pulley pumpkin pupil puppet purse puzzle quarter quill rabbit
raccoon radar radish ragwort railway rainbow raisin ranch ranger rattle rebound recipe redhead redwood rhombus
riddle ringtone riverbed roast robin romance rookie rooster rosemary roundup rowboat rubber rugby ruler rumble
rundown saga sailor salsa samba sample sapling sardine satsuma saturn sawdust sawmill scaffold scarf scooter
scorpion scout screen seagull seaside seesaw sextant shadow shamrock share sheep shelf sheriff shimmer shiny
shipyard shirt shoebox shortcut shovel shrimp shrub sidecar silver siren sirloin skate sketch skillet skipper skunk
skyline sleeve smell smile smock snail snapshot sneaker snooze snorkel snowball soccer sombrero songbird sorrel
sparrow spatula spice spinach spiral splash sponge spoon sport spring sprout spruce square squeeze stage stallion
stamp stand stapler starfish statue steeple sticker stilts stocking stone storm straw stream strudel studio subway
sugar suitcase summer sundial sunrise sunset surfer swallow sweater swimsuit swing switch swivel syrup tablet tackle
taco tadpole tandem tango target tarmac tartan taste taxi teacup teapot teaspoon teddy tempo tendril tennis terrier
textbook thatch thermos thread thrush thunder tiara ticket tiger timber timid tinker tinsel title toaster toddler
tomato tonic tooth topaz topcoat topsoil torch tornado tractor traffic trailer treetop trench triangle trident
trilogy trinket triple trombone truffle trumpet trunk tuba tuber tugboat tulip tumbler tundra tunnel turbine turkey
turnip turret turtle tweed twilight umbrella urban usher valley vampire vanilla variety velvet vest viaduct video
vineyard vintage viola visitor vitamin vocal voice volcano volume vortex voyage vulture waffle wagon wagtail walker
wallaby walnut walrus waltz warbler wardrobe warthog watch wedding wedge welcome whistle windmill wingspan winter
wisdom wizard woodland workshop wrinkle writer year yellow yonder zebra zigzag zipper
"""
WORDS = tuple(_LIST.split())
BITS = 10


def spelled(digest: bytes, count: int) -> tuple[str, ...]:
    """The words that a digest's first bits spell, 10 bits each."""
    number = int.from_bytes(digest) >> 8 * len(digest) - BITS * count
    return tuple(WORDS[number >> BITS * place & len(WORDS) - 1] for place in range(count - 1, -1, -1))


def compared(authority: bytes, thumbprint: str, nonce: str) -> tuple[str, ...]:
    """Six words (60 bits) that agree only where both sides mean the same CA, the same key and the same asking.

    `authority` is the SHA-256 of the CA's certificate, `thumbprint` the device key's (RFC 7638).
    """
    meant = authority + f"{thumbprint}.{nonce}".encode()
    return spelled(hashlib.sha256(b"rex-auth-edge pairing words" + meant).digest(), 6)
